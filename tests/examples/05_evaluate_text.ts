/**
 * Evaluating a text: the loss of every token, and the mean over the text. The model is an untrained
 * one here; `openCheckpoint` and `loadWeights` would fill it with a trained one.
 *
 *     deno run -A tests/examples/05_evaluate_text.ts
 *
 * @module
 */
import { Evaluator, manualIds } from "@transformer-xl/eval";
import { Batches, CharacterVocabulary, initialise, TransformerXL } from "@transformer-xl/model";
import { openDevice, ParameterStore, parseFlags } from "@transformer-xl/runtime";
import { modelOf, PRESETS, trainSchema } from "@transformer-xl/train";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const sentence = "the memory of the network";
const vocabulary = new CharacterVocabulary([..."etaoin shrdlumfwyk"]);
const { config } = parseFlags(trainSchema, [], { preset: PRESETS["tiny"]! });

using device = await openDevice("auto", console.log);
using store = new ParameterStore();
const model = new TransformerXL(store, modelOf(config, vocabulary.size, []), device.limits);
store.allocate(device, { gradients: false }); // half the memory of training
initialise(device, store, config.seed);

const lengths = { batchSize: 1, tgtLen: 8, extLen: 0, memLen: 32 };
using evaluator = await Evaluator.create(device, model, lengths);
const ids = manualIds([sentence], vocabulary);
const batches = new Batches(ids, { batchSize: 1, tgtLen: lengths.tgtLen });

// Segment by segment; the memory carries what was read before.
evaluator.reset();
let slot = 0;
for (const segment of batches.segments()) {
  evaluator.run(segment, slot++);
  const losses = (await evaluator.tokenLosses()).subarray(0, segment.targetRows);
  const targets = [...segment.targets].map((id) => vocabulary.symbols[id]);
  console.log(targets.map((target, i) => `${target} ${losses[i]!.toFixed(2)}`).join("  "));
}

const { lossNats, tokens } = await evaluator.evaluate(batches);
console.log(`${tokens} tokens, perplexity ${Math.exp(lossNats).toFixed(2)}`);
assertEquals(tokens, sentence.length - 1); // the first character is never predicted
assertAlmostEquals(Math.exp(lossNats), vocabulary.size, 3); // it knows nothing yet
