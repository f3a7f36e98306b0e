/**
 * The comparison of caches: evaluation and decoding with kept keys and with hidden states.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import {
  cachesSchema,
  segmentLines,
  timeSegments,
  timeTokens,
  tokenLines,
} from "@transformer-xl/bench";
import { createModel } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";

Deno.test("caches are compared in turns, and every decoded token is timed", async () => {
  const flags = { rounds: 2, tokens: 5, tgtLen: 4, memLen: 8 };
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await createModel(device, { vocabSize: 12, nLayer: 1, dModel: 16 }, { seed: 1 });
  const segments = await timeSegments(model, flags);
  assertEquals([segments.plainMs.length, segments.cachedMs.length], [2, 2]);
  const tokens = await timeTokens(model, flags);
  assertEquals([tokens.plainMs.length, tokens.cachedMs.length], [2, 5]);
  const [title, ...lines] = tokenLines(tokens, flags);
  assertEquals(title, "5 tokens over 8 of memory, batch 1");
  for (const line of lines) assertMatch(line, / : [\d.]+( ms)? \([\d.]+ to [\d.]+\)/);
});

Deno.test("times are medians with their range, and ratios those of neighbours", () => {
  const times = { plainMs: [100, 200, 300], cachedMs: [40, 100, 90] };
  assertEquals(segmentLines(times, { tgtLen: 64, memLen: 640 }), [
    "a segment of 64 tokens over 640 of memory, batch 1",
    "  hidden states : 200 ms (100 to 300), 3 runs",
    "  keys          : 90 ms (40 to 100), 3 runs",
    "  time with keys over time with hidden states : 0.4 (0.3 to 0.5)",
  ]);
  assertEquals(
    tokenLines(times, { memLen: 640 }).at(-1),
    "  times as fast                         : 2.5 (2 to 3.33)",
  );
});

Deno.test("the defaults are the base model over the words of WikiText-2", () => {
  const { tgtLen, memLen, words, nLayer, dModel, tokens } = cachesSchema.parse({});
  assertEquals([tgtLen, memLen, words, nLayer, dModel, tokens], [64, 640, 33_278, 16, 512, 200]);
});
