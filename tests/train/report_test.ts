/**
 * Every line that training and evaluation print, from plain values, and when it is printed.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  bannerLine,
  bitsPerCharacterText,
  combineMeans,
  perplexityText,
  resultLines,
  segmentLine,
  SegmentMeter,
} from "@transformer-xl/eval";
import { fixed, scientific } from "@transformer-xl/runtime";
import {
  sharedSpeed,
  skippedLine,
  stepLine,
  summaryLines,
  testLines,
  throughputOf,
  validationLines,
} from "@transformer-xl/train";
import { memoryGroups } from "../support/processes/memory_group.ts";

const WORDS = { characters: false };
const CHARACTERS = { characters: true };
const THIN_RULE = "-".repeat(100);
const RULE = "=".repeat(100);

Deno.test("numbers are printed as Python's format specifications do", () => {
  assertEquals(fixed(3.14159, 5, 2), " 3.14");
  assertEquals(fixed(265585.4, 7, 0), " 265585");
  assertEquals(fixed(123456.789, 5, 2), "123456.79");
  assertEquals([NaN, Infinity, -Infinity].map((value) => fixed(value, 5, 2)), [
    "  nan",
    "  inf",
    " -inf",
  ]);
  assertEquals(scientific(0.0012202, 3), "1.220e-03");
  assertEquals(scientific(0, 3), "0.000e+00");
  assertEquals(scientific(1.5e-123, 3), "1.500e-123");
  assertEquals(scientific(Infinity, 3), "inf");
});

Deno.test("perplexities above one million are printed with an exponent in the same width", () => {
  assertEquals(perplexityText(Math.log(999_999), 9, 2), "999999.00");
  assertEquals(perplexityText(Math.log(1_000_001), 9, 2), "1.000e+06");
  assertEquals(perplexityText(Math.log(1_000_001), 9, 3), "1.000e+06");
  assertEquals(perplexityText(Math.log(1_000_001), 12, 3), "   1.000e+06");
  assertEquals(perplexityText(230, 9, 2), "7.722e+99");
  assertEquals(perplexityText(700, 9, 2), "1.014e+304");
  assertEquals(perplexityText(1000, 9, 2), "      inf");
  assertEquals(perplexityText(NaN, 9, 2), "      nan");
  assertEquals(bitsPerCharacterText(Math.LN2), "  1.00000");
});

const step = {
  epoch: 18,
  step: 36000,
  batch: 283,
  batchCount: 2101,
  lr: 1.2202e-3,
  msPerBatch: 185.1,
  dataWaitMs: 0.01,
  tokensPerSecond: 265585,
};

Deno.test("a step line is the reference's, in perplexity and in bits per character", () => {
  assertEquals(
    stepLine(step, 3.12279, WORDS),
    "| epoch  18 step    36000 | batches    283 / 2101 | lr 1.220e-03 | ms/batch 185.1 | tok/s  265585 | loss  3.12 | ppl     22.71",
  );
  assertEquals(
    stepLine(step, 3.12279, CHARACTERS),
    "| epoch  18 step    36000 | batches    283 / 2101 | lr 1.220e-03 | ms/batch 185.1 | tok/s  265585 | loss  3.12 | bpc   4.50523",
  );
  assertEquals(
    stepLine({ ...step, msPerBatch: 12345.67 }, 20, WORDS),
    "| epoch  18 step    36000 | batches    283 / 2101 | lr 1.220e-03 | ms/batch 12345.7 | tok/s  265585 | loss 20.00 | ppl 4.852e+08",
  );
});

Deno.test("the lines of a validation are the reference's; bits per character stand without the split", () => {
  const values = { index: 7, step: 35000, lossNats: 3.14122, elapsedMs: 1370 };
  assertEquals(validationLines(values, WORDS), [
    THIN_RULE,
    "| Eval   7 at step    35000 | time:  1.37s | valid loss  3.14 | valid ppl    23.132",
    THIN_RULE,
  ]);
  assertEquals(
    validationLines(values, CHARACTERS)[1],
    "| Eval   7 at step    35000 | time:  1.37s | valid loss  3.14 | bpc   4.53182",
  );
});

Deno.test("the lines of the test are the reference's", () => {
  const values = { lossNats: 3.14597, elapsedMs: 1210 };
  assertEquals(testLines(values, WORDS), [
    RULE,
    "| End of training | test time:  1.21s | test loss  3.15 | test ppl    23.242",
    RULE,
  ]);
  assertEquals(
    testLines(values, CHARACTERS)[1],
    "| End of training | test time:  1.21s | test loss  3.15 | test bpc   4.53868",
  );
});

Deno.test("the summary has time and throughput, which needs a step line", () => {
  assertEquals(summaryLines({ elapsedMs: 7_380_000, tokensPerSecond: 264938.5 }), [
    "Training time: 123.00 minutes",
    "Training throughput: 264938.50 tok/s",
  ]);
  assertEquals(summaryLines({ elapsedMs: 600, tokensPerSecond: undefined }), [
    "Training time: 0.01 minutes",
  ]);
});

Deno.test("throughput is averaged over time, without the lines in which memory fills", () => {
  const line = (tokensPerSecond: number, msPerBatch: number, steps: number) => ({
    tokensPerSecond,
    msPerBatch,
    metrics: new Array(steps).fill(undefined),
  });
  const lines = [
    line(1, 90, 1),
    line(5, 80, 1),
    line(90, 70, 1),
    line(100, 10, 2),
    line(40, 60, 1),
  ];
  const lengths = { memLen: 8, tgtLen: 8, compat: "head" } as const;
  assertEquals(throughputOf(lines, lengths), (100 * 20 + 40 * 60) / 80);
  // The first version of the reference dropped one line less and took the plain mean.
  assertEquals(throughputOf(lines, { ...lengths, compat: "2019" }), (90 + 100 + 40) / 3);
  assertEquals(throughputOf(lines.slice(0, 2), lengths), (90 + 5 * 80) / 170);
  assertEquals(throughputOf([], lengths), undefined);
});

Deno.test("skipped updates are named by step, with the loss scale that follows", () => {
  const metrics = (applied: boolean, lossScale: number) => ({
    lossNats: 1,
    gradientNorm: 1,
    applied,
    lossScale,
  });
  assertEquals(skippedLine({ step: 20, metrics: [metrics(true, 1)] }), undefined);
  assertEquals(
    skippedLine({ step: 20, metrics: [metrics(false, 1), metrics(true, 1), metrics(false, 512)] }),
    "A gradient was not finite, the update was skipped: step 18, 20 (loss scale now 512)",
  );
});

Deno.test("ms/batch is the slowest process's and tok/s the sum over all, alike on each", async () => {
  const own = [
    { steps: 10, tokens: 600, elapsedMs: 1000 },
    { steps: 10, tokens: 400, elapsedMs: 500 },
  ];
  const speeds = await Promise.all(
    memoryGroups(2).map((group, rank) => sharedSpeed(group, own[rank]!)),
  );
  const want = { msPerBatch: 100, tokensPerSecond: 600 + 800 };
  assertEquals(speeds, [want, want]);
  const [alone] = memoryGroups(1);
  assertEquals(await sharedSpeed(alone!, own[0]!), { msPerBatch: 100, tokensPerSecond: 600 });
});

Deno.test("the banner of evaluation is the reference's, with the type", () => {
  const lengths = { batchSize: 16, tgtLen: 64, extLen: 0, memLen: 640 };
  assertEquals(
    bannerLine({ ...lengths, math: "fp16", type: "webgpu", clampLen: 400 }),
    "Evaluating with: math fp16 type webgpu bsz 16 tgt_len 64 ext_len 0 mem_len 640 clamp_len 400",
  );
});

Deno.test("a line of evaluation has plain means of its segments, in perplexity for all", () => {
  const meter = new SegmentMeter(2, 4);
  const segment = (lossNats: number, elapsedMs: number) => ({
    lossNats,
    targetRows: 8,
    scored: true,
    elapsedMs,
  });
  assertEquals(meter.add(segment(1, 4), 0), undefined);
  const means = meter.add(segment(3, 8), 1)!;
  assertEquals(means, { step: 2, lossNats: 2, msPerBatch: 6, tokensPerSecond: 6000 });
  assertEquals(
    segmentLine(means, 7),
    "| step        2 | batches      2 / 7 | ms/batch  6.00 | tok/s    6000 | loss  2.00 | ppl  7.39",
  );
  assertEquals(meter.add(segment(5, 4), 2), undefined);
  assertEquals(meter.add(segment(7, 4), 3)!.lossNats, 6); // only the segments since the line
});

Deno.test("several processes print one line of evaluation: loss by columns, slowest time, all tokens", async () => {
  const own = [
    { step: 10, lossNats: 2, msPerBatch: 40, tokensPerSecond: 600 },
    { step: 10, lossNats: 5, msPerBatch: 20, tokensPerSecond: 400 },
  ];
  const columns = [2, 1];
  const means = await Promise.all(
    memoryGroups(2).map((group, rank) => combineMeans(group, own[rank]!, columns[rank]!)),
  );
  const want = { step: 10, lossNats: 3, msPerBatch: 40, tokensPerSecond: 1000 };
  assertEquals(means, [want, want]);
});

Deno.test("the result of evaluation is the reference's, with the space at its end", () => {
  const values = { split: "test", lossNats: 3.14597, elapsedMs: 2500, segments: 250 };
  assertEquals(resultLines({ ...values, characters: false }), [
    "Time : 2.50s, 10.00ms/segment",
    RULE,
    "| test loss  3.15 | test ppl    23.242 ",
    RULE,
  ]);
  assertEquals(
    resultLines({ ...values, characters: true })[2],
    "| test loss  3.15 | test bpc   4.53868 ",
  );
  assertEquals(
    resultLines({ ...values, lossNats: 20, characters: false })[2],
    "| test loss 20.00 | test ppl 4.852e+08 ",
  );
});
