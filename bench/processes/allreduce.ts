/**
 * Measurement of all-reduces between two processes of this machine, including the group's thread.
 * The processes are started for each measurement, by this program's launcher or by mpirun.
 *
 * @module
 */
import type { Backend } from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";
import type { Timing } from "../harness/timing.ts";

/** Processes of every measurement. */
export const PROCESSES = 2;

/** What is measured. */
export interface AllReduceJob {
  /** Bytes averaged by one run, float32. */
  readonly bytes: number;
  /** At most so many are sent at once; several such buckets are in flight. */
  readonly bucketBytes: number;
  /** Runs before the first sample. */
  readonly warmUps: number;
  /** Samples, each after a barrier. */
  readonly samples: number;
  /** Runs in each sample, one after the other. */
  readonly runs: number;
}

const RANK = new URL("./allreduce_rank.ts", import.meta.url);
const RUN_RANK = ["run", "-A", "--quiet", RANK.href];

/**
 * Times a job as process 0 sees it.
 *
 * @throws {Error} with what the processes printed, when one fails
 */
export async function measureAllReduce(
  name: string,
  backend: Exclude<Backend, "solo">,
  job: AllReduceJob,
): Promise<Timing> {
  const deno = [...RUN_RANK, JSON.stringify(job)];
  const mpirun = ["-np", `${PROCESSES}`, "--oversubscribe", "--bind-to", "none", Deno.execPath()];
  const output = backend === "mpi"
    ? await outputOf("mpirun", [...mpirun, ...deno])
    : await outputOf(Deno.execPath(), deno);
  const perRunMs = (JSON.parse(output) as number[]).map((ms) => ms / job.runs)
    .sort((a, b) => a - b);
  const middle = (perRunMs.length - 1) / 2;
  return {
    name,
    medianMs: (perRunMs[Math.floor(middle)]! + perRunMs[Math.ceil(middle)]!) / 2,
    minMs: perRunMs[0]!,
    maxMs: perRunMs.at(-1)!,
    samples: job.samples,
    runs: job.runs,
  };
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  // Open MPI refuses to run as root otherwise.
  const env = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  const { code, stdout, stderr } = await tryProgram([command, ...args], { env });
  if (code === 0) return stdout;
  throw new Error(
    `Cannot measure an all-reduce: "${command}" ended with ${code}, it printed "${stderr.trim()}"`,
  );
}
