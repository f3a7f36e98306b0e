/**
 * A training loop: a character model on a line of text. Losses stay on the device until they are
 * read, so the loop never waits for it.
 *
 *     deno run -A tests/examples/04_training_loop.ts
 *
 * @module
 */
import { Batches, CharacterVocabulary, initialise, TransformerXL } from "@transformer-xl/model";
import { openDevice, ParameterStore, parseFlags } from "@transformer-xl/runtime";
import { modelOf, PRESETS, stepSettings, trainSchema, TrainStep } from "@transformer-xl/train";
import { assert } from "@std/assert";

const text = "she sells sea shells by the sea shore; ".repeat(60);
const vocabulary = new CharacterVocabulary([...new Set(text)]);
const flags = "--n_layer 2 --d_model 32 --d_inner 64 --batch_size 4 --tgt_len 16 --mem_len 16 " +
  "--optim adam --log_interval 20";
const { config } = parseFlags(trainSchema, flags.split(" "), { preset: PRESETS["tiny"]! });

using device = await openDevice("auto", console.log);
using store = new ParameterStore();
const model = new TransformerXL(store, modelOf(config, vocabulary.size, []), device.limits);
store.allocate(device, { gradients: true });
initialise(device, store, config.seed);
console.log(`${store.count} parameters, ${vocabulary.size} characters`);

using step = await TrainStep.record(device, model, store, stepSettings(config));
const { batchSize, tgtLen: tgtLen, logInterval } = config;
const batches = new Batches(vocabulary.encode(text), { batchSize, tgtLen: tgtLen });
const means: number[] = [];
let steps = 0;
while (steps < 100) {
  for (const segment of batches.segments()) {
    const rate = Math.min(1, (steps + 1) / 20) * 0.005; // a linear warm-up
    step.run(segment, rate, steps, steps % logInterval);
    steps++;
    if (steps % logInterval === 0) {
      const metrics = await step.metrics(logInterval);
      means.push(metrics.reduce((sum, { lossNats }) => sum + lossNats, 0) / logInterval);
      console.log(`step ${steps}: ${(means.at(-1)! / Math.LN2).toFixed(3)} bits per character`);
    }
  }
}
assert(means.at(-1)! < 0.5 * means[0]!, "the line is learnt");
