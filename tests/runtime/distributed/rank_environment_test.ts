import { ConfigError, rankEnvironment } from "@transformer-xl/runtime";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";

type Variables = Readonly<Record<string, string>>;

function read(variables: Variables) {
  return rankEnvironment((name) => variables[name]);
}

const TORCHRUN = { RANK: "3", WORLD_SIZE: "8", LOCAL_RANK: "1", LOCAL_WORLD_SIZE: "2" };
const OPEN_MPI = {
  OMPI_COMM_WORLD_RANK: "1",
  OMPI_COMM_WORLD_SIZE: "6",
  OMPI_COMM_WORLD_LOCAL_RANK: "0",
  OMPI_COMM_WORLD_LOCAL_SIZE: "3",
};
const MPICH = { PMI_RANK: "5", PMI_SIZE: "6", MPI_LOCALRANKID: "1", MPI_LOCALNRANKS: "2" };
const SLURM = {
  SLURM_STEP_ID: "0",
  SLURM_PROCID: "6",
  SLURM_NTASKS: "9",
  SLURM_LOCALID: "2",
  SLURM_NODEID: "1",
  SLURM_STEP_TASKS_PER_NODE: "4(x2),1",
};

const PLACES: readonly [string, Variables, string, readonly number[]][] = [
  ["nothing", {}, "none", [0, 1, 0, 1]],
  ["torchrun", TORCHRUN, "torchrun", [3, 8, 1, 2]],
  ["torchrun without local variables", { RANK: "1", WORLD_SIZE: "2" }, "torchrun", [1, 2, 1, 2]],
  ["the own launcher", { ...TORCHRUN, TXL_RING_DIR: "/ring" }, "own", [3, 8, 1, 2]],
  ["Open MPI", OPEN_MPI, "openmpi", [1, 6, 0, 3]],
  ["MPICH", MPICH, "mpich", [5, 6, 1, 2]],
  ["srun", SLURM, "slurm", [6, 9, 2, 4]],
  ["a step smaller than its job", { ...SLURM, SLURM_STEP_NUM_TASKS: "8" }, "slurm", [6, 8, 2, 4]],
  ["Open MPI under SLURM", { ...SLURM, ...OPEN_MPI }, "openmpi", [1, 6, 0, 3]],
  ["srun with PMI", { ...SLURM, PMI_RANK: "6", PMI_SIZE: "9" }, "mpich", [6, 9, 2, 4]],
  ["torchrun in an srun step", { ...SLURM, ...TORCHRUN }, "torchrun", [3, 8, 1, 2]],
  ["the own launcher under Open MPI", { ...OPEN_MPI, ...TORCHRUN, TXL_RING_DIR: "/ring" }, "own", [
    3,
    8,
    1,
    2,
  ]],
  ["a batch script", { SLURM_PROCID: "0", SLURM_NTASKS: "4" }, "none", [0, 1, 0, 1]],
];

for (const [name, variables, launcher, place] of PLACES) {
  Deno.test(`the variables of ${name} tell which process this is`, () => {
    const { launchedBy, rank, size, localRank, localSize } = read(variables);
    assertEquals([launchedBy, rank, size, localRank, localSize], [launcher, ...place]);
  });
}

Deno.test("the rendezvous is at the launcher's address, beside the store of torchrun's agent", () => {
  const variables = { ...TORCHRUN, MASTER_ADDR: "10.0.0.1", MASTER_PORT: "29500" };
  const { masterAddr, masterPort, ringDir } = read(variables);
  assertEquals([masterAddr, masterPort, ringDir], ["10.0.0.1", 29500, undefined]);
  assertEquals(read({ ...variables, TORCHELASTIC_USE_AGENT_STORE: "True" }).masterPort, 29501);
  assertEquals(read({ ...TORCHRUN, TXL_RING_DIR: "/ring" }).ringDir, "/ring");
});

const REFUSED: readonly [Variables, readonly string[]][] = [
  [{ RANK: "1" }, ['RANK is "1"', "WORLD_SIZE is not set"]],
  [{ WORLD_SIZE: "2" }, ['WORLD_SIZE is "2"', "RANK is not set"]],
  [{ RANK: "one", WORLD_SIZE: "2" }, ['RANK is "one"']],
  [{ RANK: "-1", WORLD_SIZE: "2" }, ['RANK is "-1"']],
  [{ RANK: "2", WORLD_SIZE: "2" }, ['RANK is "2"', 'WORLD_SIZE is "2"']],
  [{ ...TORCHRUN, LOCAL_RANK: "2" }, ['LOCAL_RANK is "2"', 'LOCAL_WORLD_SIZE is "2"']],
  [{ ...OPEN_MPI, OMPI_COMM_WORLD_SIZE: "1.5" }, ['OMPI_COMM_WORLD_SIZE is "1.5"']],
  [{ ...TORCHRUN, ...MPICH }, ['PMI_RANK is "5"', 'RANK is "3"']],
  [{ ...TORCHRUN, MASTER_PORT: "70000" }, ['MASTER_PORT is "70000"']],
];

for (const [variables, words] of REFUSED) {
  Deno.test(`variables are refused where ${words.join(" and ")}`, () => {
    const { message } = assertThrows(() => read(variables), ConfigError);
    for (const word of words) assertStringIncludes(message, word);
  });
}
