/**
 * Effective context lengths, and the lengths of inspections.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkLengths, effectiveContext, inspectionLengths } from "@transformer-xl/eval";
import { modelConfig } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";

const curve = [
  [4, 1, 2, 8],
  [3, 2, 2, 6],
  [3, 2, 1.99, 6],
].map((losses, i) => ({ memLen: 10 * i, losses }));

Deno.test("the gain of all tokens is the perplexity that a step saves", () => {
  const { gains, memLen, isLowerBound } = effectiveContext(curve, "all", 0.01);
  const perplexities = [15 / 4, 13 / 4, 12.99 / 4].map(Math.exp);
  assertAlmostEquals(gains[0]!, 1 - perplexities[1]! / perplexities[0]!, 1e-15);
  assertAlmostEquals(gains[1]!, 1 - perplexities[2]! / perplexities[1]!, 1e-15);
  assertEquals([memLen, isLowerBound], [10, false]);
});

Deno.test("the gain of the hardest tokens counts those that improve", () => {
  assertAlmostEquals(effectiveContext(curve, 1, 0.01).gains[0]!, 1 - Math.exp(-3 / 4), 1e-15);
  assertAlmostEquals(effectiveContext(curve, 0.5, 0.01).gains[0]!, 1 - Math.exp(-3 / 2), 1e-15);
  const tenth = effectiveContext(curve, 0.1, 0.01); // one token
  assertAlmostEquals(tenth.gains[0]!, 1 - Math.exp(-2), 1e-15);
  assertEquals([tenth.gains[1], tenth.memLen], [0, 10]);
});

Deno.test("an effective length stops at the first step that gains too little", () => {
  const at = (threshold: number) => effectiveContext(curve, "all", threshold);
  assertEquals([at(0.5).memLen, at(0.5).isLowerBound], [0, false]);
  assertEquals([at(0.001).memLen, at(0.001).isLowerBound], [20, true]);
  const [only] = curve;
  assertEquals(effectiveContext([only!], 1, 0.01), {
    ...{ measure: 1, memLen: 0, isLowerBound: true, gains: [] },
  });
  const late = [...curve, { memLen: 30, losses: [0, 0, 0, 0] }];
  assertEquals(effectiveContext(late, "all", 0.01).memLen, 10);
  assertThrows(() => effectiveContext([], 1, 0.01), RangeError, "no point");
});

const plain = { config: modelConfig({ vocabSize: 9, dModel: 8 }), trained: null };
const none = { tgtLen: null, memLen: null, memStep: null };

Deno.test("tokens of an inspection see as much as in training, and a short text is enough", () => {
  const trained = { ...plain, trained: { config: { tgtLen: 64, memLen: 64 } } };
  const long = inspectionLengths(none, 5000, trained);
  assertEquals([long.tgtLen, long.memLen], [16, 112]);
  assertEquals(long.memLens, [0, 14, 28, 42, 56, 70, 84, 98, 112]);
  const config = modelConfig({ vocabSize: 9, dModel: 8, attnType: 1, positionRows: 24 });
  const few = inspectionLengths(none, 5000, { ...plain, config });
  assertEquals([few.tgtLen, few.memLen], [6, 18]);
  for (let tokens = 2; tokens < 300; tokens++) {
    const { tgtLen, memLen } = inspectionLengths(none, tokens, trained);
    assert(2 * memLen <= tokens - 1 && memLen % tgtLen === 0, `${memLen} of ${tokens}`);
  }
  assertEquals(inspectionLengths(none, 2, trained), { tgtLen: 1, memLen: 0, memLens: [0] });
});

Deno.test("given lengths of an inspection stay, or are refused", () => {
  const given = (tgtLen: number, memLen: number, memStep: number | null, tokens: number) =>
    inspectionLengths({ tgtLen, memLen, memStep }, tokens, plain);
  assertEquals(given(4, 10, 4, 14).memLens, [0, 4, 8, 10]);
  assertThrows(() => given(4, 10, null, 13), ConfigError, "its first 12 tokens only fill");
  assertThrows(() => given(4, 200, 1, 500), ConfigError, "Cannot inspect 201 lengths");
});

Deno.test("tables of the reference, which fit one length, are not compared with others", () => {
  const sizes = { vocabSize: 9, dModel: 8, attnType: 1, positionRows: 24 } as const;
  const several = { tgtLen: 6, memLen: 18, memLens: [0, 9, 18] };
  checkLengths(modelConfig(sizes), several);
  const head = modelConfig({ ...sizes, compat: "head" });
  assertThrows(() => checkLengths(head, several), ConfigError, "use --compat none");
  checkLengths(head, { tgtLen: 24, memLen: 0, memLens: [0] });
});
