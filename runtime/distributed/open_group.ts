/**
 * The process group of the job this process belongs to.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { jobIdentity } from "./job_token.ts";
import type { ProcessGroup } from "./process_group.ts";
import type { RankEnvironment } from "./rank_environment.ts";
import type { Facts } from "./same_facts.ts";
import { defaultTransport, type Transport } from "./ring/ring_links.ts";
import { SoloGroup } from "./solo_group.ts";
import { WorkerGroup } from "./worker/worker_group.ts";

/** Engines a user may ask for; "auto" is "mpi" under an MPI launcher or srun, otherwise "ring". */
export const BACKEND_CHOICES = ["auto", "ring", "mpi"] as const;

/** One of {@link BACKEND_CHOICES}. */
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

/** Options of {@link openGroup}. */
export interface OpenGroupOptions {
  /** The place of this process, from {@link rankEnvironment}. */
  readonly environment: RankEnvironment;
  /** Which engine; "auto" by default. */
  readonly backend?: BackendChoice;
  /** Time for each collective operation; without it a process waits for the others forever. */
  readonly timeoutMs?: number | undefined;
  /** Time without a heartbeat before a rank of a ring is considered hung. */
  readonly silenceMs?: number | undefined;
  /** Facts that must be equal on all ranks; they identify a job without a job number. */
  readonly settings?: Facts;
  /** Time for all processes to arrive; 2 minutes by default. */
  readonly startTimeoutMs?: number;
  /** Sockets of the ring; Unix sockets by default if available. */
  readonly transport?: Transport;
}

const START_TIMEOUT_MS = 120_000;

/**
 * Joins the other processes of the job. Disposing of the group completes pending calls and leaves.
 *
 * @throws {GroupError} when the ranks cannot connect or disagree
 * @throws {ConfigError} when MPI is requested without a launcher
 *
 * @example
 * ```ts
 * import { openGroup, rankEnvironment } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * await using group = await openGroup({ environment: rankEnvironment() });
 * const mean = await group.allReduceMean(Float32Array.of(1, 2, 3));
 * assertEquals(mean.length, 3);
 * ```
 */
export async function openGroup(options: OpenGroupOptions): Promise<ProcessGroup> {
  const { environment, backend = "auto" } = options;
  const { launchedBy, size } = environment;
  if (backend === "mpi" && launchedBy === "none") {
    throw new ConfigError(
      'Cannot use backend "mpi": nothing started this process as part of a job; ' +
        "start it with mpirun or srun",
    );
  }
  if (size === 1) return new SoloGroup();
  const hasMpi = launchedBy === "openmpi" || launchedBy === "mpich" || launchedBy === "slurm";
  return await WorkerGroup.open({
    environment,
    backend: backend === "auto" ? (hasMpi ? "mpi" : "ring") : backend,
    timeoutMs: options.timeoutMs,
    silenceMs: options.silenceMs,
    job: jobIdentity({ ...options.settings, WORLD_SIZE: String(size) }),
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    transport: options.transport ?? defaultTransport(),
    mpiLibrary: Deno.env.get("TXL_MPI_LIB"),
  });
}
