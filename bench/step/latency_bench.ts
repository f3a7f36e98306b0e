/**
 * Latency of one segment of inference: submitted and waited for, batch 1, 64 target tokens and 640
 * of memory, on generated token ids.
 *
 * @module
 */
import { openScorer } from "@transformer-xl/eval";
import { createModel } from "@transformer-xl/model";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { Bench } from "../harness/harness.ts";
import { fence } from "../harness/timing.ts";

const LENGTHS = { batchSize: 1, tgtLen: 64, extLen: 0, memLen: 640 };
const WORDS = 30_000;
const SEED = 1111;

/** The word model of the training step: 13 million parameters. */
const SMALL_WORDS = {
  vocabSize: WORDS,
  adaptive: true,
  cutoffs: [3000, 10_000],
  nLayer: 4,
  nHead: 4,
  dHead: 64,
  dModel: 256,
  dInner: 1024,
};

const bench = await Bench.open();

bench.row("latency of a segment, small words", { rounds: 3 }, async (device) => {
  const model = await createModel(device, SMALL_WORDS, { seed: SEED });
  const scorer = await openScorer("webgpu", model, LENGTHS);
  const segments = zipfSegments(LENGTHS, WORDS, SEED, 4);
  let ran = 0;
  return {
    run() {
      if (ran % scorer.capacity === 0) scorer.reset(); // losses are not read
      scorer.run(segments[ran++ % segments.length]!);
      fence(device); // nothing is submitted before the result is there
    },
    counts: { "tokens/s": LENGTHS.tgtLen },
    [Symbol.dispose]() {
      scorer[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
});
