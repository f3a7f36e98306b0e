/**
 * Scoring a text: the loss of every token, and the mean over the text.
 *
 *     deno run -A tests/examples/05_evaluate_text.ts
 *
 * @module
 */
import { createModel, Evaluator, openDevice } from "@transformer-xl/mod";
import { Batches, CharacterVocabulary } from "@transformer-xl/model";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const sentence = "the memory of the network";
const vocabulary = new CharacterVocabulary([..."etaoin shrdlumfwyk"]);
using device = await openDevice("auto", console.log);
const sizes = { vocabSize: vocabulary.size, nLayer: 2, dModel: 64 };
using model = await createModel(device, sizes); // untrained; loadModel(device, path) loads a trained one
const lengths = { batchSize: 1, tgtLen: 8, memLen: 32 };
using evaluator = await Evaluator.create(model, lengths);
const batches = new Batches(vocabulary.encode(sentence), lengths);
for (const segment of batches.segments()) { // the memory carries what was read before
  evaluator.run(segment);
  const losses = await evaluator.tokenLosses();
  const targets = [...segment.targets].map((id) => vocabulary.symbols[id]);
  console.log(targets.map((target, i) => `${target} ${losses[i]!.toFixed(2)}`).join("  "));
}
const { lossNats, tokens } = await evaluator.evaluate(batches);
assertEquals(tokens, sentence.length - 1); // the first character is never predicted
assertAlmostEquals(Math.exp(lossNats), vocabulary.size, 3); // the perplexity of an untrained model
