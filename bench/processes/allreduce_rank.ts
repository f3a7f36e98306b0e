/**
 * One process of the all-reduce measurement: `allreduce_rank.ts JOB`, the job as JSON. Without a
 * launcher, it starts two of itself in a ring; under mpirun, they use MPI. Process 0 prints the
 * milliseconds of every sample as JSON.
 *
 * @module
 */
import {
  launch,
  openGroup,
  type ProcessGroup,
  rankEnvironment,
  runMain,
  sameProgram,
} from "@transformer-xl/runtime";
import { MAX_IN_FLIGHT } from "@transformer-xl/train";
import { type AllReduceJob, PROCESSES } from "./allreduce.ts";

const TIMEOUT_MS = 60_000;

if (import.meta.main) await runMain(main);

async function main(): Promise<number> {
  const environment = rankEnvironment();
  if (environment.launchedBy === "none") {
    const job = { size: PROCESSES, heartbeatMs: TIMEOUT_MS, showRanks: "first" } as const;
    return await launch({ ...sameProgram(Deno.args), ...job });
  }
  await using group = await openGroup({ environment, timeoutMs: TIMEOUT_MS });
  const sampleMs = await measure(group, JSON.parse(Deno.args[0]!));
  if (group.rank === 0) console.log(JSON.stringify(sampleMs));
  return 0;
}

async function measure(group: ProcessGroup, job: AllReduceJob): Promise<number[]> {
  const { bytes, bucketBytes, warmUps, samples, runs } = job;
  const exchange = circulate(group, bytes, bucketBytes);
  for (let run = 0; run < warmUps; run++) await exchange();
  const sampleMs: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    await group.barrier();
    const startMs = performance.now();
    for (let run = 0; run < runs; run++) await exchange();
    sampleMs.push(performance.now() - startMs);
  }
  return sampleMs;
}

/**
 * An all-reduce in buckets of one length, rounded up. Their buffers go round, so that a process holds
 * no more of them than the trainer, however long the gradient is.
 */
function circulate(group: ProcessGroup, bytes: number, bucketBytes: number): () => Promise<void> {
  const buckets = Math.ceil(bytes / bucketBytes);
  const length = Math.ceil(bytes / 4 / buckets);
  const idle = Array.from(
    { length: Math.min(buckets, MAX_IN_FLIGHT) },
    () => new Float32Array(length).fill(1 + group.rank),
  );
  return async () => {
    const inFlight: Promise<Float32Array<ArrayBuffer>>[] = [];
    for (let bucket = 0; bucket < buckets; bucket++) {
      const values = idle.pop() ?? await inFlight.shift()!;
      inFlight.push(group.allReduceMean(values));
    }
    idle.push(...await Promise.all(inFlight));
  };
}
