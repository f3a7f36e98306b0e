import { tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isMissing } from "../../support/optional_program.ts";

const SCRIPT = new URL("../../support/processes/group_rank.ts", import.meta.url).href;
const RANK_ARGS = ["run", "-A", "--quiet", "--no-check", SCRIPT];

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await tryProgram([command, ...args], {
    env: { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", ...env },
  });
  return { code, output: stdout + stderr };
}

function runJob(size: number, ...task: readonly string[]): Promise<Ended> {
  const options = ["-np", `${size}`, "--oversubscribe", "--bind-to", "none"];
  return run("mpirun", [...options, Deno.execPath(), ...RANK_ARGS, ...task]);
}

const ignore = isMissing("mpirun");

for (const size of [2, 3, 4]) {
  Deno.test({
    name: `mpirun -np ${size} gives the bits of a ring`,
    ignore,
    fn: async () => {
      const { code, output } = await runJob(size, "collectives");
      assertEquals(code, 0, output);
      const lines = output.split("\n").filter((line) => line.startsWith("{")).map((line) =>
        JSON.parse(line)
      ).sort((a, b) => a.rank - b.rank);
      const wanted = Array.from({ length: size }, (_, rank) => ({
        rank,
        result: { wrong: [], backend: "mpi" },
      }));
      assertEquals(lines, wanted, output);
    },
  });
}

Deno.test({
  name: "abort ends a job of mpirun with the code",
  ignore,
  fn: async () => {
    const { code, output } = await runJob(2, "abort");
    assertEquals(code, 7, output);
    assert(!output.includes("was not ended"), output);
  },
});

Deno.test({
  name: "a process of mpirun that is stopped is named, and ends the job",
  ignore,
  fn: async () => {
    const startMs = performance.now();
    const { code, output } = await runJob(3, "stop", "1500");
    assertEquals(code, 2, output);
    assertStringIncludes(output, "process 1 sent no heartbeat for");
    assert(performance.now() - startMs < 20_000, output);
  },
});

Deno.test({
  name: "a process of mpirun that computes for longer than the silence is left alone",
  ignore,
  fn: async () => {
    const { code, output } = await runJob(2, "busy", "1500");
    assertEquals(code, 0, output);
    assertEquals(output.split('"came"').length, 3, output);
  },
});

Deno.test({
  name: "a process that mpirun started and that never joins is not waited for without end",
  ignore,
  fn: async () => {
    const { code, output } = await runJob(2, "absent");
    assertEquals(code, 2, output);
    assertStringIncludes(output, "not all of them joined MPI within 2000 ms");
  },
});

Deno.test({
  name: "a process that MPI takes for a job of its own is refused",
  ignore,
  fn: async () => {
    // As under MPICH's mpirun with Open MPI's library.
    const env = { PMI_RANK: "0", PMI_SIZE: "2", TXL_MPI_LIB: "libmpi.so.40" };
    const { code, output } = await run(Deno.execPath(), [...RANK_ARGS, "collectives"], env);
    assertEquals(code, 2, output);
    assertStringIncludes(output, "MPICH's mpirun or srun started process 0 of 2");
    assertStringIncludes(output, "Open MPI v");
    assertStringIncludes(output, "sees process 0 of 1");
  },
});

Deno.test("a library that cannot be opened is named", async () => {
  const env = { PMI_RANK: "0", PMI_SIZE: "2", TXL_MPI_LIB: "/nowhere/libmpi.so" };
  const { code, output } = await run(Deno.execPath(), [...RANK_ARGS, "collectives"], env);
  assertEquals(code, 2, output);
  assertStringIncludes(output, 'TXL_MPI_LIB is \\"/nowhere/libmpi.so\\"');
});
