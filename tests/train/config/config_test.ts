/**
 * The command line of training: NVIDIA's names, defaults and named settings, and rules between
 * settings.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { checkScored, evalSchema } from "@transformer-xl/eval";
import { resolveModel } from "@transformer-xl/model";
import { ConfigError, parseFlags } from "@transformer-xl/runtime";
import {
  checkShares,
  checkTrainConfig,
  evalLengths,
  modelOf,
  PRESETS,
  scheduleOf,
  type TrainConfig,
  trainLengths,
  trainSchema,
} from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";

/** Flags of NVIDIA's train.py that mean the same here, with their defaults there. */
const NVIDIA_TRAIN: Readonly<Record<string, unknown>> = {
  work_dir: "LM-TFM",
  fp16: false,
  debug: false,
  save_all: false,
  no_eval: false,
  no_test: false,
  log_interval: 10,
  n_layer: 16,
  n_head: 8,
  d_head: 64,
  d_embed: -1,
  d_model: 512,
  d_inner: 2048,
  dropout: 0.1,
  dropatt: 0,
  pre_lnorm: false,
  attn_type: 0,
  not_tied: false,
  clamp_len: -1,
  adaptive: false,
  div_val: 1,
  init: "normal",
  init_range: 0.1,
  init_std: 0.02,
  proj_init_std: 0.01,
  optim: "jitlamb",
  lr: 0.01,
  scheduler: "cosine",
  max_step_scheduler: null,
  warmup_step: 1000,
  decay_rate: 0.5,
  lr_min: 0,
  clip: 0.25,
  weight_decay: 0,
  patience: 0,
  eta_min: 0.001,
  max_step: 40_000,
  batch_size: 256,
  batch_chunk: 1,
  roll: false,
  tgt_len: 192,
  ext_len: 0,
  mem_len: 192,
  seed: 1111,
  same_length: false,
  eval_tgt_len: 192,
  eval_batch_size: 16,
  eval_max_steps: -1,
  eval_interval: 5000,
};

/** The same of eval.py. */
const NVIDIA_EVAL: Readonly<Record<string, unknown>> = {
  work_dir: "LM-TFM",
  fp16: false,
  split: "all",
  batch_size: 16,
  tgt_len: 64,
  ext_len: 0,
  mem_len: 640,
  log_interval: 10,
  max_size: null,
};

const keyOf = (flag: string) =>
  flag.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Words that set a flag to a value. */
function given(flag: string, value: unknown): string[] {
  if (value === false) return [];
  return value === true ? [`--${flag}`] : [`--${flag}`, String(value)];
}

for (
  const [program, schema, flags] of [
    ["train", trainSchema, NVIDIA_TRAIN],
    ["eval", evalSchema, NVIDIA_EVAL],
  ] as const
) {
  Deno.test(`${program} has NVIDIA's flags with NVIDIA's defaults`, () => {
    const { config } = parseFlags(schema, []);
    const defaults = Object.keys(flags).map((flag) => [
      flag,
      (config as Record<string, unknown>)[keyOf(flag)],
    ]);
    assertEquals(Object.fromEntries(defaults), flags);
  });

  Deno.test(`${program} takes every one of NVIDIA's flags in both spellings`, () => {
    for (const [flag, fallback] of Object.entries(flags)) {
      const value = fallback === false ? true : fallback ?? 7;
      for (const spelled of [flag, flag.replaceAll("_", "-")]) {
        const { config } = parseFlags(schema, given(spelled, value));
        assertEquals((config as Record<string, unknown>)[keyOf(flag)], value, flag);
      }
    }
  });
}

Deno.test("the command line of NVIDIA's base run is the preset wt103-base", () => {
  const words = "--dataset wt103 --adaptive --n_layer 16 --d_model 512 --n_head 8 --d_head 64 " +
    "--d_inner 2048 --dropout 0.1 --dropatt 0.0 --optim jitlamb --lr 0.01 --eta_min 0.001 --roll " +
    "--warmup_step 1000 --max_step 40000 --tgt_len 192 --mem_len 192 --eval_tgt_len 192 " +
    "--batch_size 256 --vocab auto --log_interval 10 --eval_interval 5000";
  const typed = parseFlags(trainSchema, words.split(" ")).config;
  assertEquals(trainSchema.parse(PRESETS["wt103-base"]), typed);
});

Deno.test("the command line of NVIDIA's large run is the preset wt103-large", () => {
  const words = "--dataset wt103 --adaptive --div_val 4 --n_layer 18 --d_model 1024 --n_head 16 " +
    "--d_head 64 --d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim jitlamb --lr 0.01 " +
    "--eta_min 0.0001 --roll --warmup_step 16000 --max_step 100000 --tgt_len 384 --mem_len 384 " +
    "--eval_tgt_len 128 --init_std 0.005 --batch_size 128 --log_interval 100 " +
    "--eval_interval 5000";
  const typed = parseFlags(trainSchema, words.split(" ")).config;
  assertEquals(trainSchema.parse(PRESETS["wt103-large"]), typed);
});

for (const [name, preset] of Object.entries(PRESETS)) {
  Deno.test(`preset ${name} is a consistent configuration with a model`, () => {
    const config = trainSchema.parse(preset);
    checkTrainConfig(config);
    const cutoffs = config.adaptive ? [19_997, 39_997, 199_997] : [];
    const modelConfig = modelOf(config, 267_735, cutoffs);
    assertEquals([modelConfig.nLayer, modelConfig.dModel], [config.nLayer, config.dModel]);
    assertEquals(trainLengths(config).batchSize % config.batchChunk, 0);
  });
}

const refused: readonly [what: string, settings: Partial<TrainConfig>, message: string][] = [
  ["a loss scale in full precision", { lossScale: 128 }, "add --fp16, or leave it out"],
  [
    "two loss scales",
    { fp16: true, lossScale: 128, staticLossScale: 64 },
    "leave one of them out",
  ],
  ["chunks that do not divide the batch", { batchSize: 6, batchChunk: 4 }, "not divisible"],
  ["an evaluation beyond memory and segment", { evalTgtLen: 17 }, "context of training, 16"],
  [
    "an evaluation beyond extended context and segment, without memory",
    { memLen: 0, extLen: 3, evalTgtLen: 12 },
    "context of training, 11",
  ],
  [
    "more tokens than any device holds",
    { batchSize: 2 ** 20, batchChunk: 1, tgtLen: 2 ** 20 },
    "1099520016384 tokens, at most 268435456; lower one of them",
  ],
  [
    "more layers than can be recorded",
    { nLayer: 256, batchSize: 16, batchChunk: 16 },
    "--n_layer 256 for each of --batch_chunk 16 chunks",
  ],
  [
    "an evaluation of warm-up segments alone",
    { evalTgtLen: 4, evalMaxSteps: 3 },
    "the first 3 fill the memory",
  ],
];

for (const [what, settings, message] of refused) {
  Deno.test(`checkTrainConfig() refuses ${what}`, () => {
    assertThrows(() => checkTrainConfig(smallConfig(settings)), ConfigError, message);
  });
}

Deno.test("checkShares() refuses batches that processes cannot share, naming the flags", () => {
  const shares = (settings: Partial<TrainConfig>, processes: number) => () =>
    checkShares(smallConfig({ batchSize: 8, batchChunk: 2, ...settings }), processes);
  shares({ evalBatchSize: 4 }, 4)();
  shares({ evalBatchSize: 5 }, 2)();
  assertThrows(
    shares({}, 3),
    ConfigError,
    "Cannot share --batch_size 8 among 3 processes in --batch_chunk 2 equal chunks",
  );
  assertThrows(
    shares({ evalBatchSize: 3 }, 4),
    ConfigError,
    "Cannot share --eval_batch_size 3 among 4 processes",
  );
  shares({ evalBatchSize: 3, noEval: true, noTest: true }, 4)();
});

Deno.test("checkTrainConfig() accepts the bounds", () => {
  checkTrainConfig(smallConfig({ evalTgtLen: 16 }));
  checkTrainConfig(smallConfig({ memLen: 0, extLen: 3, evalTgtLen: 11 }));
  checkTrainConfig(smallConfig({ warmupStep: 1000, maxStep: 500 }));
  // Settings of an evaluation that never happens.
  const never = { noEval: true, noTest: true } as const;
  checkTrainConfig(smallConfig({ ...never, evalTgtLen: 4, evalMaxSteps: 1 }));
  checkTrainConfig(smallConfig({ ...never, evalTgtLen: 192 }));
  checkTrainConfig(smallConfig({ evalTgtLen: 4, evalMaxSteps: 4 }));
  checkTrainConfig(smallConfig({ evalTgtLen: 4, evalMaxSteps: 1, compat: "2019" }));
});

Deno.test("evaluation keeps the context of training: what targets lose, memory gains", () => {
  const { tgtLen, memLen, batchSize } = evalLengths(smallConfig({ evalTgtLen: 3 }));
  assertEquals([tgtLen, memLen, batchSize], [3, 13, 2]);
  assertEquals(evalLengths(smallConfig({ memLen: 0 })).memLen, 0);
  const without = { memLen: 0, extLen: 2, evalTgtLen: 3 };
  assertEquals(evalLengths(smallConfig(without)).extLen, 7);
  assertEquals(evalLengths(smallConfig({ ...without, compat: "head" })).extLen, 2);
});

Deno.test("the curve is as long as --max_step_scheduler, else as --max_step", () => {
  assertEquals(scheduleOf(smallConfig()).steps, 60);
  assertEquals(scheduleOf(smallConfig({ maxStepScheduler: 40_000 })).steps, 40_000);
});

Deno.test("resolveModel() refuses settings that contradict each other", () => {
  const model = (settings: Partial<TrainConfig>, cutoffs: number[] = []) => () =>
    resolveModel(smallConfig(settings), 100, cutoffs);
  assertThrows(model({ attnType: 1 }), ConfigError, "without the length of its tables");
  assertThrows(model({ cutoffs: [10] }), ConfigError, "they need --adaptive");
  assertThrows(model({ dModel: 15 }), ConfigError, "must be even");
  assertThrows(model({ attnType: 2, untieR: true }), ConfigError, "Cannot use --untie_r with");
  const { need } = assertThrows(model({ adaptive: true, divVal: 8 }, [10, 50]), ConfigError);
  assertEquals(need, "a wider last cluster");
});

Deno.test("checkScored() refuses what cannot be scored", () => {
  const scored = (settings: object, compat: "head" | "2019" = "head") => () =>
    checkScored(evalSchema.parse(settings), compat);
  assertThrows(scored({ maxSize: 10 }), ConfigError, "the first 10 fill the memory");
  scored({ maxSize: 11 })();
  scored({ maxSize: 1 }, "2019")();
  scored({ maxSize: 1, manual: ["a b"] })();
});

Deno.test("varying segments of learned positions are refused where the reference's tables end", () => {
  const config = trainSchema.parse({ attnType: 3, varlen: true, compat: "head" });
  assertThrows(
    () => checkTrainConfig(config),
    ConfigError,
    "Cannot use --varlen with --attn_type 3",
  );
  checkTrainConfig({ ...config, compat: "none" });
  checkTrainConfig({ ...config, attnType: 1 });
});
