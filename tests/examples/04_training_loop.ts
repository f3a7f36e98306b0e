/**
 * A training loop of one's own: it waits for the device only where it reads the losses.
 *
 *     deno run -A tests/examples/04_training_loop.ts
 *
 * @module
 */
import { createModel, openDevice, TrainStep } from "@transformer-xl/mod";
import { Batches, CharacterVocabulary } from "@transformer-xl/model";
import { mean } from "@transformer-xl/eval";
import { assert } from "@std/assert";

const text = "she sells sea shells by the sea shore; ".repeat(60);
const vocabulary = new CharacterVocabulary([...new Set(text)]);
using device = await openDevice("auto", console.log);
const sizes = { vocabSize: vocabulary.size, nLayer: 2, dModel: 32, dropout: 0 };
using model = await createModel(device, sizes, { training: true });
const lengths = { batchSize: 4, tgtLen: 16, memLen: 16 };
using step = await TrainStep.record(model, lengths, { optimizer: "adam" });
const batches = new Batches(vocabulary.encode(text), step.lengths);
const means: number[] = [];
for (let epoch = 1; epoch <= 4; epoch++) {
  for (const segment of batches.segments()) {
    step.run(segment, { lr: Math.min(1, (step.stepsDone + 1) / 20) * 0.005 }); // a linear warm-up
  }
  means.push(mean(await step.losses()));
  console.log(`epoch ${epoch}: ${(means.at(-1)! / Math.LN2).toFixed(3)} bits per character`);
}
assert(means.at(-1)! < 0.5 * means[0]!, "the line is learnt");
