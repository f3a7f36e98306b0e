/**
 * Lengths of an evaluation, the split of a text it scores, and its lines about both.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { coverageLine, coverageOf, fitLengths, fittedLine } from "@transformer-xl/eval";
import { Batches, type Lengths } from "@transformer-xl/model";
import { unscoredLines } from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";

const FLAGS = { batchSize: "--batch_size", memLen: "--mem_len", maxSegments: "--max_size" };
const DEFAULTS: Lengths = { batchSize: 16, tgtLen: 64, extLen: 0, memLen: 640 };

Deno.test("coverage counts what the segments of the text score", () => {
  for (const tokens of [40, 41, 100, 257]) {
    for (const [batchSize, tgtLen, warmupLen] of [[1, 8, 0], [4, 3, 8], [3, 8, 20], [2, 5, 5]]) {
      for (const maxSegments of [undefined, 4, 7]) {
        const settings = {
          tokens,
          batchSize: batchSize!,
          tgtLen: tgtLen!,
          warmupLen: warmupLen!,
        };
        const coverage = coverageOf({ ...settings, maxSegments });
        const { scored, first, fill, beyond, rest } = coverage;
        assertEquals(scored + first + fill + beyond + rest, tokens);
        let want = 0;
        try {
          const batches = new Batches(new Uint32Array(tokens), {
            batchSize: settings.batchSize,
            tgtLen: settings.tgtLen,
            warmupLen: settings.warmupLen,
          });
          const segments = [...batches.segments()].slice(0, maxSegments);
          for (const { scored, targets } of segments) if (scored) want += targets.length;
        } catch (error) {
          assert((error as Error).message.includes("only fill the memory"));
          continue;
        }
        assertEquals(scored, want, JSON.stringify({ ...settings, maxSegments }));
      }
    }
  }
});

Deno.test("evaluation says how many tokens it scored, and why any were left out", () => {
  const settings = { tokens: 100, batchSize: 3, tgtLen: 8, warmupLen: 0 };
  const line = (more: object) => coverageLine("valid", coverageOf({ ...settings, ...more }), FLAGS);
  assertEquals(
    line({}),
    "valid: 96 of 100 tokens scored; not scored: 3 first in a column, with nothing before them, " +
      "1 that do not fill a row of all columns",
  );
  assertEquals(
    line({ warmupLen: 40 }),
    "valid: 75 of 100 tokens scored; not scored: 3 first in a column, with nothing before them, " +
      "21 to fill the memory, in columns shorter than the memory (lower --mem_len or --batch_size " +
      "to score them), 1 that do not fill a row of all columns",
  );
  assertEquals(
    line({ batchSize: 1, maxSegments: 2 }),
    "valid: 16 of 100 tokens scored; not scored: 1 first in a column, with nothing before it, " +
      "83 beyond --max_size",
  );
});

/** Lengths for a text, where nothing was given unless named. */
function fitted(
  tokens: number,
  given: Partial<Lengths> = {},
  more: { processes?: number; warms?: boolean } = {},
): Lengths {
  return fitLengths({ ...DEFAULTS, ...given }, {
    tokens,
    processes: 1,
    warms: true,
    given: new Set(Object.keys(given) as (keyof Lengths)[]),
    ...more,
  });
}

Deno.test("default lengths stay where the text is long enough", () => {
  assertEquals(fitted(16 * 640), DEFAULTS);
  assertEquals(fittedLine(DEFAULTS, fitted(16 * 640), 16 * 640), undefined);
  assertEquals(fitted(40, {}, { warms: false }), DEFAULTS); // nothing fills the memory first
});

Deno.test("default lengths shrink to score a short text whole: columns, then segments and memory", () => {
  assertEquals(fitted(16 * 640 - 1), { ...DEFAULTS, batchSize: 8 });
  assertEquals(fitted(700), { ...DEFAULTS, batchSize: 1 });
  assertEquals(fitted(600), { ...DEFAULTS, batchSize: 1, memLen: 576 });
  assertEquals(fitted(20), { batchSize: 1, tgtLen: 20, extLen: 0, memLen: 20 });
  for (let tokens = 2; tokens < 1500; tokens += 7) {
    const { batchSize, tgtLen, memLen } = fitted(tokens);
    const { fill } = coverageOf({ tokens, batchSize, tgtLen, warmupLen: memLen });
    assertEquals(fill, 0, `${tokens} tokens`);
  }
});

Deno.test("lengths that were given stay, and every process keeps a column", () => {
  assertEquals(fitted(700, { batchSize: 2 }), { ...DEFAULTS, batchSize: 2, memLen: 320 });
  assertEquals(fitted(100, { memLen: 90 }), { ...DEFAULTS, batchSize: 1, tgtLen: 50, memLen: 90 });
  const all = { batchSize: 5, tgtLen: 8, memLen: 20 };
  assertEquals(fitted(60, all), { ...DEFAULTS, ...all });
  assertEquals(fitted(700, {}, { processes: 3 }), { ...DEFAULTS, batchSize: 3, memLen: 192 });
  assertEquals(fitted(6000, {}, { processes: 3 }), { ...DEFAULTS, batchSize: 8 });
});

Deno.test("what was reduced is said with both values", () => {
  assertEquals(
    fittedLine(DEFAULTS, fitted(600), 600),
    "Default lengths are reduced to fit 600 tokens: --batch_size 1 instead of 16, " +
      "--mem_len 576 instead of 640",
  );
});

Deno.test("training says what its evaluations leave out, and nothing where they score all they can", () => {
  const corpus = { valid: new Uint32Array(42), test: new Uint32Array(23) };
  const config = smallConfig({ evalTgtLen: 8 }); // memory of 8 rows, 2 columns
  assertEquals(unscoredLines(config, corpus), []);
  assertEquals(unscoredLines({ ...config, memLen: 14, tgtLen: 8 }, corpus), [
    "test: 10 of 23 tokens scored; not scored: 2 first in a column, with nothing before them, " +
    "10 to fill the memory, in columns shorter than the memory (lower --mem_len or " +
    "--eval_batch_size to score them), 1 that do not fill a row of all columns",
  ]);
  const [valid] = unscoredLines({ ...config, evalMaxSteps: 2 }, corpus);
  assertEquals(valid!.slice(0, 28), "valid: 16 of 42 tokens score");
  assertEquals(unscoredLines({ ...config, evalMaxSteps: 2, noEval: true }, corpus), []);
  assertEquals(unscoredLines({ ...config, evalMaxSteps: 2, noTest: true }, corpus), [valid]);
});
