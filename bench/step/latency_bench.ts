/**
 * Latency of one segment of inference: submitted and waited for, batch 1, 64 target tokens and 640
 * of memory, on generated token ids, with memory rows kept as keys and as hidden states.
 *
 * @module
 */
import { openScorer } from "@transformer-xl/eval";
import { createModel } from "@transformer-xl/model";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { Bench } from "../harness/harness.ts";

const LENGTHS = { batchSize: 1, tgtLen: 64, extLen: 0, memLen: 640 };
const SEED = 1111;

/** The word model of the training step: 13 million parameters. */
const SMALL_WORDS = {
  vocabSize: 30_000,
  adaptive: true,
  cutoffs: [3000, 10_000],
  nLayer: 4,
  nHead: 4,
  dHead: 64,
  dModel: 256,
  dInner: 1024,
};

/** The base model with the words of WikiText-2 and one softmax over them. */
const BASE_WORDS = {
  vocabSize: 33_278,
  nLayer: 16,
  nHead: 8,
  dHead: 64,
  dModel: 512,
  dInner: 2048,
};

const bench = await Bench.open();

for (const [name, settings] of [["small words", SMALL_WORDS], ["base", BASE_WORDS]] as const) {
  for (const cache of ["hidden", "keys"] as const) {
    bench.row(`latency of a segment, ${name}, ${cache}`, { rounds: 3 }, async (device) => {
      const model = await createModel(device, settings, { seed: SEED });
      const scorer = await openScorer("webgpu", model, LENGTHS, { cache });
      const segments = zipfSegments(LENGTHS, settings.vocabSize, SEED, 4);
      let ran = 0;
      return {
        async run() {
          if (ran % scorer.capacity === 0) scorer.reset(); // losses are not read
          scorer.run(segments[ran++ % segments.length]!);
          await device.fence(); // nothing is submitted before the result is there
        },
        counts: { "tokens/s": LENGTHS.tgtLen },
        [Symbol.dispose]() {
          scorer[Symbol.dispose]();
          model[Symbol.dispose]();
        },
      };
    });
  }
}
