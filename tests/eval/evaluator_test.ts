/**
 * Evaluation: effects of segments and memory.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Evaluator, manualText } from "@transformer-xl/eval";
import {
  Batches,
  createModel,
  type Lengths,
  type ModelConfig,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError, type Device, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const B = 2;
const ROWS = 48; // of each column
const corpus = await smallCorpus();

const base = modelOf(
  smallConfig({ initStd: 0.3 }), // large weights, so that context matters
  corpus.vocabulary.size,
  [],
);

/** The mean loss of a network of fixed random weights. */
async function lossOf(
  device: Device,
  { tgtLen, memLen, extLen = 0, ...changes }:
    & Pick<Lengths, "tgtLen" | "memLen">
    & Partial<Lengths & ModelConfig>,
): Promise<number> {
  using model = await createModel(device, { ...base, ...changes }, { seed: 5 });
  using evaluator = await Evaluator.create(model, { batchSize: B, tgtLen, memLen, extLen });
  const text = corpus.train.slice(0, B * ROWS);
  const batches = new Batches(text, {
    batchSize: B,
    tgtLen: tgtLen,
    extLen: extLen,
  });
  const { lossNats, tokens } = await evaluator.evaluate(batches);
  assertEquals(tokens, B * (ROWS - 1));
  return lossNats;
}

const exact = new ReferenceDevice({ precision: "f64" });

// A token's state depends on the tokens before it alone. Where memory holds all of them, cutting the
// text elsewhere changes nothing, in any layer.
Deno.test("a memory that covers the text makes the loss independent of the segment length", async () => {
  const whole = await lossOf(exact, { tgtLen: ROWS - 1, memLen: 0 });
  for (const tgtLen of [1, 5, 16, 40]) {
    assertAlmostEquals(await lossOf(exact, { tgtLen, memLen: ROWS }), whole, 1e-12);
  }
});

gpuTest("the same holds on the adapter, up to rounding", async () => {
  const device = await openTestGpu();
  const whole = await lossOf(exact, { tgtLen: ROWS - 1, memLen: 0 });
  assertAlmostEquals(await lossOf(device, { tgtLen: 16, memLen: ROWS }), whole, 1e-5);
  assertAlmostEquals(await lossOf(device, { tgtLen: 5, memLen: ROWS }), whole, 1e-5);
});

// With equal reach every token sees itself and M tokens before it; one layer has no other context.
Deno.test("--same_length with one layer makes the loss independent of the segment length", async () => {
  const settings = { memLen: 6, sameLength: true, nLayer: 1 };
  const want = await lossOf(exact, { tgtLen: 1, ...settings });
  for (const tgtLen of [3, 6, 17]) {
    assertAlmostEquals(await lossOf(exact, { tgtLen, ...settings }), want, 1e-12);
    // In 2019 it saw one token less than the memory holds.
    const old = { ...settings, memLen: 7, compat: "2019" } as const;
    assertAlmostEquals(await lossOf(exact, { tgtLen, ...old }), want, 1e-12);
  }
  const { sameLength: _, ...unequal } = settings;
  assert(Math.abs(await lossOf(exact, { tgtLen: 17, ...unequal }) - want) > 1e-6);
});

// Extended context is computed again, memory is remembered: without memory, one layer sees the same.
Deno.test("one layer sees extended context as it sees memory", async () => {
  const extended = await lossOf(exact, { tgtLen: 4, memLen: 0, extLen: 8, nLayer: 1 });
  assertAlmostEquals(await lossOf(exact, { tgtLen: 4, memLen: 8, nLayer: 1 }), extended, 1e-12);
  assert(Math.abs(await lossOf(exact, { tgtLen: 4, memLen: 0, nLayer: 1 }) - extended) > 1e-6);
});

Deno.test("memory and clamped distances matter to the loss, distances beyond the context do not", async () => {
  const lengths = { tgtLen: 8, memLen: 8 };
  const loss = await lossOf(exact, lengths);
  assertEquals(await lossOf(exact, { ...lengths, clampLen: 16 }), loss);
  for (const other of [{ clampLen: 2 }, { memLen: 0 }, { memLen: 4 }]) {
    assert(Math.abs(await lossOf(exact, { ...lengths, ...other }) - loss) > 1e-6);
  }
});

Deno.test("warm-up segments are run and not scored", async () => {
  using model = await createModel(exact, base, { seed: 5 });
  const lengths = { batchSize: B, tgtLen: 5, memLen: 8, extLen: 0 };
  using evaluator = await Evaluator.create(model, lengths);
  const batches = new Batches(corpus.train.slice(0, B * ROWS), {
    batchSize: B,
    tgtLen: 5,
    warmupLen: 8,
  });
  const seen: number[] = [];
  const result = await evaluator.evaluate(batches, {
    onSegment: (_, index) => void seen.push(index),
  });
  assertEquals(result.segments.map(({ scored }) => scored).slice(0, 3), [false, false, true]);
  assertEquals(seen, [...result.segments.keys()]);
  const scored = result.segments.filter(({ scored }) => scored);
  const rows = scored.reduce((sum, { targetRows }) => sum + targetRows, 0);
  const total = scored.reduce((sum, { targetRows, lossNats }) => sum + targetRows * lossNats, 0);
  assertEquals([result.tokens, result.lossNats], [rows * B, total / rows]);
  // A second evaluation starts from an empty memory.
  assertEquals((await evaluator.evaluate(batches)).lossNats, result.lossNats);
});

Deno.test("manualText() maps unknown words where the vocabulary has a symbol for them", () => {
  const words = (names: string[]) => WordVocabulary.fromCounts(names.map((name) => [name, 1]), {});
  const mapping = words(["<unk>", "hello", ","]);
  const [hello, comma, unknown, end] = ["hello", ",", "<unk>", "<eos>"].map((s) =>
    mapping.lookup(s)
  );
  assertEquals(
    [...manualText(["hello,", "world"], mapping).ids],
    [hello!, comma!, unknown!, end!],
  );
  const strict = words(["hello", "world"]);
  assertEquals(manualText(["hello world"], strict).ids.length, 3);
  assertThrows(
    () => manualText(["hello moon"], strict),
    DataError,
    'Cannot encode the word "moon"',
  );
});
