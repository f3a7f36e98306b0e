/**
 * Defaults that follow other settings, and warnings about learning rates.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { cutoffsFor } from "@transformer-xl/model";
import { DeviceError, parseFlags, PORTABLE_LIMITS } from "@transformer-xl/runtime";
import {
  checkTrainConfig,
  continueCurve,
  cutStreams,
  fitChunks,
  fitEvaluation,
  followSettings,
  footprint,
  modelOf,
  PRESETS,
  rateAfter,
  rateWarnings,
  scheduleOf,
  trainSchema,
} from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../../support/small_run.ts";

function parse(command: string) {
  const words = command === "" ? [] : command.split(" ");
  const name = /--preset (\S+)/.exec(command)?.[1];
  const parsed = parseFlags(trainSchema, words, { preset: PRESETS[name ?? ""] ?? {} });
  const config = followSettings(parsed.config, parsed.origin);
  checkTrainConfig(config);
  return { ...parsed, config };
}

Deno.test("the evaluation length follows the context of training unless it is given", () => {
  assertEquals(parse("").config.evalTgtLen, 192);
  assertEquals(parse("--tgt_len 100 --mem_len 100").config.evalTgtLen, 192);
  assertEquals(parse("--tgt_len 32 --mem_len 32").config.evalTgtLen, 32);
  assertEquals(parse("--tgt_len 32 --mem_len 0 --ext_len 8").config.evalTgtLen, 32);
  assertEquals(parse("--preset tiny --tgt_len 16 --mem_len 16").config.evalTgtLen, 16);
  assertThrows(() => parse("--tgt_len 32 --mem_len 32 --eval_tgt_len 192"), Error, "lower it");
});

Deno.test("the cutoffs of a preset are those of its data set, and none without --adaptive", () => {
  const cutoffs = (words: string) => parse(`--preset paper-wt103-base ${words}`).config.cutoffs;
  assertEquals(cutoffs("--n_layer 2"), [20_000, 40_000, 200_000]);
  assertEquals(cutoffs("--dataset wt2"), []);
  assertEquals(cutoffs("--no_adaptive"), []);
  assertEquals(cutoffs("--dataset wt2 --cutoffs 9 99"), [9, 99]);
  assertThrows(
    () => {
      const { config } = parse("--no_adaptive --cutoffs 9 99");
      modelOf(config, 1000, []);
    },
    Error,
    "they need --adaptive",
  );
});

Deno.test("the preset tiny takes --data as text and keeps its characters", () => {
  const { config } = parse("--preset tiny --data my.txt");
  assertEquals([config.dataset, config.vocab], ["auto", "char"]);
});

Deno.test("default evaluation lengths of training shrink to a small text and say so", async () => {
  const corpus = await smallCorpus();
  const small = { valid: corpus.valid.slice(0, 150), test: corpus.test.slice(0, 40) };
  const { config, origin } = parse("--tgt_len 16 --mem_len 16 --batch_size 4");
  const fitted = fitEvaluation(config, small, origin, 1);
  assertStringIncludes(fitted.notes[0]!, "has 40 tokens: evaluating with --eval_batch_size");
  assert(fitted.config.evalBatchSize < 16 && fitted.config.evalTgtLen === 16);
  cutStreams(fitted.config, { ...corpus, ...small });
  for (const tokens of [2, 3, 20]) {
    const tiny = { valid: small.valid, test: corpus.test.slice(0, tokens) };
    const { config: one } = fitEvaluation(config, tiny, origin, 1);
    checkTrainConfig(one);
    cutStreams(one, { ...corpus, ...tiny });
  }
  const given = parse("--tgt_len 16 --mem_len 16 --batch_size 4 --eval_batch_size 64");
  const kept = fitEvaluation(
    given.config,
    { ...small, test: corpus.test.slice(0, 20) },
    given.origin,
    1,
  );
  assertEquals(kept.config.evalBatchSize, 64);
  const never = parse("--no_eval --no_test --eval_batch_size 4096");
  assertEquals(fitEvaluation(never.config, small, never.origin, 1).notes, []);
});

Deno.test("a run that ends within its warm-up has n / warm-up of the rate at step n", () => {
  const schedule = scheduleOf(parse("--max_step 500").config);
  assertEquals([500, 250].map((step) => rateAfter(schedule, step)), [0.005, 0.0025]);
  const same = scheduleOf(parse("--max_step 1000").config);
  assertEquals(rateAfter(same, 1000), 0.01);
});

Deno.test("doubtful learning rates are named with their numbers", () => {
  const warnings = (command: string) => rateWarnings(parse(command).config);
  assertEquals(warnings(""), []);
  assertEquals(warnings("--lr 0.00025"), [
    "warning: --eta_min 0.001 is above --lr 0.00025: the rate will rise to 0.001; give --eta_min 0 " +
    "to let it fall",
  ]);
  assertStringIncludes(warnings("--lr 0 --eta_min 0")[0]!, "--lr 0: no weight will change");
  assertStringIncludes(warnings("--max_step 500")[0]!, "the rate ends at 5.000e-3");
  const [past] = warnings("--max_step 3000 --max_step_scheduler 2000");
  assertStringIncludes(past!, "the rate is 1.000e-3 there and 1.000e-2 at the end");
  assertStringIncludes(past!, "give --max_step_scheduler 3000 to stretch the curve");
});

Deno.test("a new --max_step of a continued run keeps the stored curve", () => {
  const stored = smallConfig();
  const continued = (...words: string[]) => {
    const { config, origin } = parseFlags(trainSchema, words, { checkpoint: stored });
    assertEquals(origin.get("tgtLen"), "checkpoint");
    return scheduleOf(continueCurve(config, stored, origin)).steps;
  };
  assertEquals(continued(), 60);
  assertEquals(continued("--max_step", "90"), 60);
  assertEquals(continued("--max_step", "90", "--max_step_scheduler", "90"), 90);
});

const LARGE_LIMITS = { ...PORTABLE_LIMITS, maxBindingBytes: 2 ** 31, maxBufferBytes: 2 ** 31 };

Deno.test("wt103-base runs in one batch chunk on eight cards of 16 GB, as the reference does", async () => {
  const config = trainSchema.parse({ ...PRESETS["wt103-base"], fp16: true });
  const modelConfig = modelOf(config, 267_735, cutoffsFor("wt103", 267_735));
  const chunks = async (size: number) => {
    const options = { share: { rank: 0, size }, memoryBytes: 16e9 };
    return (await fitChunks(config, modelConfig, LARGE_LIMITS, options)).config.batchChunk;
  };
  assertEquals(await chunks(8), 1);
  assertEquals(await chunks(1), 2);
});

Deno.test("as many batch chunks are taken as the memory of the device asks for", async () => {
  const settings = { ...PRESETS["wt103-base"], nLayer: 2 };
  const config = trainSchema.parse(settings);
  const modelConfig = modelOf(config, 20_000, []);
  const bytesOf = async (batchChunk: number) => {
    const { bytes } = await footprint({ ...config, batchChunk }, modelConfig, LARGE_LIMITS);
    return bytes.values().reduce((sum, size) => sum + size, 0);
  };
  for (const batchChunk of [2, 8]) {
    // The memory in which a run of these chunks just fits.
    const memoryBytes = Math.ceil(await bytesOf(batchChunk) / 0.9);
    const chunksIn = async (memoryBytes: number) =>
      (await fitChunks(config, modelConfig, LARGE_LIMITS, { memoryBytes })).config.batchChunk;
    assertEquals(await chunksIn(memoryBytes), batchChunk);
    assert(await chunksIn(memoryBytes - 1024) > batchChunk);
  }
});

Deno.test("a preset whose attention exceeds a binding is cut into chunks that fit one", async () => {
  const fused = trainSchema.parse({ ...PRESETS["wt103-large"], nLayer: 1 });
  const modelConfig = modelOf(fused, 267_735, cutoffsFor("wt103", 267_735));
  const memoryBytes = 1e12; // memory alone asks for no chunks
  const chunksOf = async (config: typeof fused) =>
    (await fitChunks(config, modelConfig, LARGE_LIMITS, { memoryBytes })).config.batchChunk;
  assertEquals(await chunksOf(fused), 1);
  const config = { ...fused, attnForm: "materialized" } as const;
  assertEquals(await chunksOf(config), 2);
  // 256 / 8 columns, 8 heads, 192 rows and 384 keys take 72 of 128 MiB, twice the columns too much.
  const base = trainSchema.parse({
    ...{ ...PRESETS["wt103-base"], nLayer: 1, attnForm: "materialized" },
  });
  const smallest = await fitChunks(base, modelOf(base, 1000, []), PORTABLE_LIMITS, { memoryBytes });
  assertEquals(smallest.config.batchChunk, 8);
  const small = { ...LARGE_LIMITS, maxBindingBytes: 2 ** 20 };
  await assertRejects(() => fitChunks(config, modelConfig, small, { memoryBytes }), DeviceError);
});
