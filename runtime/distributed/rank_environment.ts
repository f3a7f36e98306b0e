/**
 * Rank of this process and size of its job, from the variables that launchers set.
 *
 * | launcher | rank, size | rank and size on this machine |
 * | --- | --- | --- |
 * | own, torchrun | `RANK`, `WORLD_SIZE` | `LOCAL_RANK`, `LOCAL_WORLD_SIZE` |
 * | Open MPI | `OMPI_COMM_WORLD_RANK`, `_SIZE` | `OMPI_COMM_WORLD_LOCAL_RANK`, `_LOCAL_SIZE` |
 * | MPICH (hydra), srun with PMI | `PMI_RANK`, `PMI_SIZE` | `MPI_LOCALRANKID`, `MPI_LOCALNRANKS` |
 * | srun | `SLURM_PROCID`, `SLURM_NTASKS` | `SLURM_LOCALID`, `SLURM_STEP_TASKS_PER_NODE` |
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";

/** Launcher of the job. */
export type Launcher = "none" | "own" | "torchrun" | "openmpi" | "mpich" | "slurm";

/** The place of this process in its job. */
export interface RankEnvironment {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** Number of this process among those on its machine, from 0. */
  readonly localRank: number;
  /** Processes of the job on this machine. */
  readonly localSize: number;
  /** Host of rank 0, if a launcher provides it. */
  readonly masterAddr: string | undefined;
  /** TCP port of the rendezvous with rank 0, if a launcher provides it. */
  readonly masterPort: number | undefined;
  /** Launcher of the job. */
  readonly launchedBy: Launcher;
  /** Private directory in which the processes publish their addresses: own launcher only. */
  readonly ringDir: string | undefined;
}

/** Reads one variable of the environment. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * The rank of this process in its job; rank 0 of 1 without a launcher. This program's launcher
 * takes precedence over all others, which may have started it; then MPI's, torchrun and srun.
 *
 * @throws {ConfigError} when variables are missing, not numbers, or contradict each other
 *
 * @example
 * ```ts
 * import { rankEnvironment } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const variables: Record<string, string> = { RANK: "1", WORLD_SIZE: "2" };
 * const { rank, size, launchedBy } = rankEnvironment((name) => variables[name]);
 * assertEquals([rank, size, launchedBy], [1, 2, "torchrun"]);
 * ```
 */
export function rankEnvironment(
  read: ReadVariable = (name) => Deno.env.get(name),
): RankEnvironment {
  const ringDir = read("TXL_RING_DIR");
  const master = { masterAddr: read("MASTER_ADDR"), masterPort: masterPort(read) };
  const torchrun = placeOf(read, ringDir === undefined ? "torchrun" : "own", TORCHRUN);
  if (torchrun?.launchedBy === "own") return { ...torchrun, ...master, ringDir };
  const mpi = placeOf(read, "openmpi", OPEN_MPI) ?? placeOf(read, "mpich", MPICH);
  if (mpi !== undefined && torchrun !== undefined) checkAgreement(read, mpi, torchrun);
  const place = mpi ?? torchrun ?? slurmPlace(read) ?? SOLO;
  return { ...place, ...master, ringDir: undefined };
}

type Place = Pick<
  RankEnvironment,
  "rank" | "size" | "localRank" | "localSize" | "launchedBy"
>;

/** The variables of a launcher. */
interface Names {
  readonly rank: string;
  readonly size: string;
  readonly localRank: string;
  readonly localSize: string;
}

const TORCHRUN: Names = {
  rank: "RANK",
  size: "WORLD_SIZE",
  localRank: "LOCAL_RANK",
  localSize: "LOCAL_WORLD_SIZE",
};
const OPEN_MPI: Names = {
  rank: "OMPI_COMM_WORLD_RANK",
  size: "OMPI_COMM_WORLD_SIZE",
  localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
  localSize: "OMPI_COMM_WORLD_LOCAL_SIZE",
};
const MPICH: Names = {
  rank: "PMI_RANK",
  size: "PMI_SIZE",
  localRank: "MPI_LOCALRANKID",
  localSize: "MPI_LOCALNRANKS",
};
const SOLO: Place = { rank: 0, size: 1, localRank: 0, localSize: 1, launchedBy: "none" };

/** The rank from the variables of one launcher; undefined if it set none of them. */
function placeOf(
  read: ReadVariable,
  launchedBy: Launcher,
  names: Names,
  localSizeOfStep?: number,
): Place | undefined {
  const rank = readWhole(read, names.rank);
  const size = readWhole(read, names.size);
  if (rank === undefined && size === undefined) return undefined;
  if (rank === undefined || size === undefined) {
    const [set, missing] = rank === undefined ? [names.size, names.rank] : [names.rank, names.size];
    throw new ConfigError(
      `Cannot determine the rank of this process: ${set} is "${
        read(set)
      }" but ${missing} is not set; ` +
        "set both or neither",
    );
  }
  const localRank = readWhole(read, names.localRank) ??
    (launchedBy === "mpich" ? readWhole(read, "SLURM_LOCALID") : undefined) ?? rank;
  const localSize = localSizeOfStep ?? readWhole(read, names.localSize) ??
    (launchedBy === "mpich" ? slurmLocalSize(read) : undefined) ?? size;
  checkRank(names.rank, rank, names.size, size);
  checkRank(names.localRank, localRank, names.localSize, localSize);
  return { rank, size, localRank, localSize, launchedBy };
}

/**
 * The rank in a step of srun. A batch script has the variables of its job as well, with rank 0, but
 * is not part of a step: only `SLURM_STEP_ID` distinguishes them.
 */
function slurmPlace(read: ReadVariable): Place | undefined {
  if (read("SLURM_STEP_ID") === undefined) return undefined;
  const names = {
    rank: "SLURM_PROCID",
    size: read("SLURM_STEP_NUM_TASKS") === undefined ? "SLURM_NTASKS" : "SLURM_STEP_NUM_TASKS",
    localRank: "SLURM_LOCALID",
    localSize: "SLURM_STEP_TASKS_PER_NODE",
  };
  const size = readWhole(read, names.size);
  return placeOf(read, "slurm", names, slurmLocalSize(read) ?? size);
}

/** Processes of the step on this machine, from a list such as "4(x2),3". */
function slurmLocalSize(read: ReadVariable): number | undefined {
  const tasks = read("SLURM_STEP_TASKS_PER_NODE") ?? read("SLURM_TASKS_PER_NODE") ?? "";
  const sizes = tasks.split(",").flatMap((part) => {
    const [, count, times = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return count === undefined ? [] : Array<number>(Number(times)).fill(Number(count));
  });
  return sizes[readWhole(read, "SLURM_NODEID") ?? 0];
}

/** Under torchrun's elastic agent the port is in use by a store of the agent. */
function masterPort(read: ReadVariable): number | undefined {
  const port = readWhole(read, "MASTER_PORT");
  if (port === undefined) return undefined;
  if (port < 1 || port > 65534) {
    throw new ConfigError(
      `Cannot connect to other processes: MASTER_PORT is "${port}", wanted a port from 1 to 65534`,
    );
  }
  return /^true$/i.test(read("TORCHELASTIC_USE_AGENT_STORE") ?? "") ? port + 1 : port;
}

function readWhole(read: ReadVariable, name: string): number | undefined {
  const text = read(name);
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ConfigError(
    `Cannot determine the rank of this process: ${name} is "${text}", wanted a whole number`,
  );
}

function checkRank(rankName: string, rank: number, sizeName: string, size: number): void {
  if (rank < size) return;
  throw new ConfigError(
    `Cannot determine the rank of this process: ${rankName} is "${rank}" and ${sizeName} is "${size}", ` +
      "wanted a rank below the size",
  );
}

function checkAgreement(read: ReadVariable, mpi: Place, torchrun: Place): void {
  if (mpi.rank === torchrun.rank && mpi.size === torchrun.size) return;
  const { rank, size } = mpi.launchedBy === "openmpi" ? OPEN_MPI : MPICH;
  const both = [rank, size, "RANK", "WORLD_SIZE"].map((name) => `${name} is "${read(name)}"`);
  throw new ConfigError(
    `Cannot determine the rank of this process: ${both.join(", ")}; unset those of one launcher`,
  );
}
