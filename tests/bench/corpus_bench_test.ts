/** The measurement of long texts. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  corpusBenchLines,
  corpusBenchSchema,
  measureCorpus,
  type PartResult,
  writeSyntheticText,
} from "@transformer-xl/bench";
import { openCorpus } from "@transformer-xl/model";
import { Scratch } from "../support/small_run.ts";

Deno.test("a long text is built, opened again and compared with split lines", async () => {
  const lines = await measureCorpus({ megabytes: 1, words: 2000, rounds: 1 });
  assertEquals(lines.length, 6);
  assertMatch(lines[0]!, /^a text of 1 MB: \d+,\d+ tokens, 2,00\d words$/);
  for (const line of lines.slice(1)) assertMatch(line, / : [\d.]+/);
});

Deno.test("a synthetic text has its size and its words, the first of them often", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("a.txt");
  const bytes = await writeSyntheticText(path, { bytes: 3e5, words: 500, seed: 1 });
  const again = await writeSyntheticText(scratch.at("b.txt"), { bytes: 3e5, words: 500, seed: 1 });
  assertEquals([again, (await Deno.stat(path)).size], [bytes, bytes]);
  const corpus = await openCorpus({ dataset: "text", path });
  assertEquals(bytes >= 3e5 && bytes < 3.1e5, true);
  assertEquals(corpus.vocabulary.size, 502); // the words, the mark of headings, the end of a line
});

Deno.test("rates are megabytes per second, ratios those of one round, and memory is the largest", () => {
  const part = (seconds: number, peakMiB: number): PartResult => ({
    ...{ seconds, processorSeconds: 2 * seconds, peakBytes: peakMiB * 2 ** 20 },
    ...{ tokens: 50e6, symbols: 7, segmentMs: 0.5 },
  });
  const lines = corpusBenchLines(100e6, {
    build: [part(4, 100), part(5, 90)],
    lines: [part(8, 30), part(20, 30)],
    reopen: [part(0.5, 0), part(0.6, 0)],
  });
  assertEquals(lines, [
    "a text of 100 MB: 50,000,000 tokens, 7 words",
    "  counted, encoded and kept    : 22.5 (20 to 25) MB/s, 9 (8 to 10) s of processor time, " +
    "100.0 MiB of memory at most",
    "  split lines (TextLineStream) : 8.75 (5 to 12.5) MB/s, 28 (16 to 40) s of processor time, " +
    "30.0 MiB of memory at most",
    "  times as fast                : 3 (2 to 4); by processor time 3 (2 to 4)",
    "  opened again                 : 0.55 (0.5 to 0.6) s, 1.1 (1 to 1.2) s for 100 million tokens, " +
    "2.2 (2 to 2.4) s of processor time",
    "  a segment of 192 rows of 32 columns, read from the cache : 0.5 (0.5 to 0.5) ms",
  ]);
  assertEquals(corpusBenchSchema.parse({}).megabytes, 500);
});
