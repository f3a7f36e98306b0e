/**
 * All-reduces between two processes of this machine, over the ring and over MPI: bytes of the
 * buffer per second, and for the gradient of `wt103-base` the part of a training step. Deno's
 * columns are meaningless here.
 *
 * @module
 */
import { dataSet } from "@transformer-xl/model";
import { missingProgram } from "@transformer-xl/runtime/setup";
import {
  BUCKET_LENGTH,
  footprint,
  modelOf,
  PRESETS,
  trainLengths,
  trainSchema,
} from "@transformer-xl/train";
import { type AllReduceJob, measureAllReduce, PROCESSES } from "./allreduce.ts";
import { Bench } from "../harness/harness.ts";
import { wordShares } from "../harness/word_shares.ts";

interface Row extends AllReduceJob {
  /** What is averaged. */
  readonly what: string;
  /** Adds the part of a step of `wt103-base`. */
  readonly share?: true;
}

const MB = 2 ** 20;
const BASE_PARAMETERS = 191_950_298;

const ROWS: readonly Row[] = [
  { what: "1 MB", bytes: MB, bucketBytes: MB, warmUps: 20, samples: 5, runs: 20 },
  { what: "64 MB", bytes: 64 * MB, bucketBytes: 64 * MB, warmUps: 3, samples: 7, runs: 1 },
  {
    what: "gradient of wt103-base",
    bytes: 4 * BASE_PARAMETERS,
    bucketBytes: 4 * BUCKET_LENGTH,
    warmUps: 1,
    samples: 3,
    runs: 1,
    share: true,
  },
];

const bench = await Bench.open();
const missing = missingProgram("mpirun");
if (missing !== undefined) console.log(`all-reduces over MPI are left out: ${missing}`);

for (const backend of ["ring", "mpi"] as const) {
  const ignore = backend === "mpi" && missing !== undefined;
  for (const { what, share, ...job } of ROWS) {
    const name = `all-reduce, ${what}, ${PROCESSES} processes, ${backend}`;
    let isReported = false;
    Deno.bench({ name, ignore, warmup: 1, n: 1 }, async () => {
      if (isReported) return;
      isReported = true;
      const timing = await measureAllReduce(name, backend, job);
      const { medianMs } = timing;
      const rates: Record<string, number> = { "GB/s": job.bytes / medianMs / 1e6 };
      if (share) {
        const stepMs = await modelBaseStep();
        rates["% of a step, if its multiply-adds ran at their peak"] = 100 * medianMs /
          (medianMs + stepMs);
      }
      bench.report({ ...timing, rates });
    });
  }
}

/** A step of `wt103-base` on one of the processes: its operations at the peak of this adapter. */
async function modelBaseStep(): Promise<number> {
  const config = trainSchema.parse({ ...PRESETS["wt103-base"], noEval: true, noTest: true });
  const { vocabularySize, cutoffs } = dataSet("wt103");
  const modelConfig = modelOf(config, vocabularySize, cutoffs);
  const share = { rank: 0, size: PROCESSES };
  const { flopsPerToken } = await footprint(config, modelConfig, bench.device.limits, {
    share,
    shares: wordShares(modelConfig),
  });
  const { batchSize, tgtLen } = trainLengths(config, share);
  return batchSize * tgtLen * flopsPerToken / (await bench.peak()).flopsPerSecond * 1000;
}
