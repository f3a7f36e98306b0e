/**
 * The configuration of training. One schema provides types, defaults, flags, help, checkpoint
 * metadata and the flag table. Names and defaults are NVIDIA's.
 *
 * @module
 */
import {
  canShare,
  COMPAT_RULES,
  dataSet,
  DATASET_CHOICES,
  datasetOf,
  lengthValue,
  MAX_RATE,
  MAX_STEPS,
  modelFields,
  type ModelSection,
  rateValue,
  resolveModel,
  rowsValue,
  seedValue,
  stepsValue,
} from "@transformer-xl/model";
import type { ModelConfig } from "@transformer-xl/model";
import { processFields } from "@transformer-xl/runtime";
import {
  LARGEST_SCALE,
  type OptimizerDefinition,
  type OptimizerName,
  OPTIMIZERS,
  type OptimizerSettings,
} from "@transformer-xl/kernels";
import { ConfigError, DEVICE_CHOICES, pathValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { PRESETS } from "./presets.ts";
import { SCHEDULES, type ScheduleSettings } from "./schedule.ts";

const general = { group: "General" } as const;
const corpus = { group: "Text" } as const;
const optimization = { group: "Optimization" } as const;
const training = { group: "Training" } as const;
const validation = { group: "Validation" } as const;
const stepCount = z.int().min(0).max(MAX_STEPS);

/** The schema of `deno task train`. */
export const trainSchema = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).nullable().default(null)
    .describe("Named settings, overridden by --config_file and flags").meta(general),
  configFile: pathValue.nullable().default(null)
    .describe("JSON file of settings; overrides the preset, overridden by flags")
    .meta({ ...general, metavar: "FILE" }),
  workDir: pathValue.default("LM-TFM").describe("Folder for logs and checkpoints")
    .meta({ ...general, metavar: "DIR" }),
  restart: z.union([z.boolean(), pathValue]).default(false)
    .describe("Resume from PATH, or from the last checkpoint in --work_dir")
    .meta({ ...general, metavar: "PATH" }),
  overwrite: z.boolean().default(false)
    .describe("Start a new run in a --work_dir that already holds checkpoints").meta(general),
  device: z.enum(DEVICE_CHOICES).default("auto")
    .describe("gpu: require a GPU adapter; cpu: plain loops; auto: a GPU adapter if available")
    .meta(general),
  ...processFields,
  fp16: z.boolean().default(false)
    .describe("Mixed precision: float16 weights, activations and gradients, float32 master weights")
    .meta(general),
  seed: seedValue.default(1111).describe("Seed for weights, dropout and --roll").meta(general),
  debug: z.boolean().default(false).describe("Write no files").meta(general),
  dryRun: z.boolean().default(false)
    .describe("Print configuration, parameter count, memory and work per step, then exit").meta(
      general,
    ),

  dataset: z.enum(DATASET_CHOICES).default("auto")
    .describe("auto: text if --data is given, else self (this program's sources and docs)")
    .meta(corpus),
  data: pathValue.nullable().default(null).describe(
    "Text file, or folder with train, valid and test files",
  )
    .meta({ ...corpus, metavar: "PATH" }),
  vocab: z.enum(["auto", "word", "char"]).default("auto")
    .describe("auto: char for self, word otherwise").meta(corpus),
  minFreq: rowsValue.default(0).describe("Minimum count of a word in the vocabulary").meta(corpus),
  maxVocab: stepsValue.nullable().default(null)
    .describe("Maximum number of words in the vocabulary; none: all").meta(corpus),
  lowerCase: z.boolean().default(false).describe("Lower-case words").meta(corpus),
  unknown: z.string().min(1).nullable().default(null)
    .describe("Symbol for unknown words; none: <unk> if any word is excluded")
    .meta({ ...corpus, metavar: "SYMBOL" }),
  acceptNewText: z.boolean().default(false)
    .describe("With --restart: continue although the training text has changed").meta(corpus),

  ...modelFields,

  optim: z.enum(Object.keys(OPTIMIZERS) as [OptimizerName, ...OptimizerName[]])
    .default("jitlamb").describe("Optimizer; jitlamb is an alias of lamb").meta(optimization),
  mom: z.number().min(0).lt(1).default(0).describe("Momentum of sgd").meta(optimization),
  lr: rateValue.default(0.01).describe("Base learning rate").meta(optimization),
  scheduler: z.enum(SCHEDULES).default("cosine").describe("Learning-rate schedule").meta(
    optimization,
  ),
  maxStepScheduler: stepsValue.nullable().default(null)
    .describe("Steps of the schedule; none: --max_step").meta(optimization),
  warmupStep: stepCount.default(1000).describe("Linear warm-up steps").meta(optimization),
  etaMin: rateValue.default(0.001).describe("Minimum rate of the cosine schedule").meta(
    optimization,
  ),
  decayRate: z.number().positive().lt(1).default(0.5).describe("Decay factor of dev_perf")
    .meta(optimization),
  patience: stepCount.default(0).describe(
    "Evaluations without improvement before dev_perf lowers the rate",
  ).meta(optimization),
  lrMin: rateValue.default(0).describe("Minimum rate of dev_perf").meta(optimization),
  clip: z.number().positive().max(MAX_RATE).default(0.25).describe("Maximum global gradient norm")
    .meta(optimization),
  weightDecay: rateValue.default(0).describe("Weight decay of lamb and adam").meta(optimization),
  lossScale: z.number().positive().max(MAX_RATE).nullable().default(null)
    .describe("Fixed loss scale for --fp16; none: dynamic loss scaling").meta(optimization),
  staticLossScale: z.number().positive().max(MAX_RATE).nullable().default(null)
    .describe("Alias of --loss_scale").meta(optimization),

  maxStep: stepsValue.default(40_000).describe("Optimizer steps").meta(training),
  batchSize: lengthValue.default(256).describe("Batch size (columns) of a step, over all processes")
    .meta(training),
  batchChunk: lengthValue.default(1).describe("Gradient-accumulation steps").meta(
    training,
  ),
  tgtLen: lengthValue.default(192).describe("Target tokens per segment").meta(training),
  extLen: rowsValue.default(0).describe("Extended-context tokens").meta(training),
  memLen: rowsValue.default(192).describe("Memory length in tokens").meta(training),
  roll: z.boolean().default(false).describe("Rotate the batch columns before each epoch")
    .meta(training),
  logInterval: lengthValue.default(10).describe("Steps between log lines").meta(training),
  saveAll: z.boolean().default(false).describe("Keep a checkpoint of every evaluation")
    .meta(training),

  evalInterval: stepsValue.default(5000).describe("Steps between evaluations and checkpoints")
    .meta(validation),
  evalTgtLen: lengthValue.default(192).describe("Target tokens per segment in evaluation").meta(
    validation,
  ),
  evalBatchSize: lengthValue.default(16).describe("Batch size (columns) in evaluation").meta(
    validation,
  ),
  evalMaxSteps: z.int().min(-1).max(MAX_STEPS).default(-1).describe(
    "Segments per evaluation; -1: all",
  ).meta(validation),
  noEval: z.boolean().default(false).describe(
    "Skip validation and test; checkpoints are still written",
  )
    .meta(validation),
  noTest: z.boolean().default(false).describe("Skip the final test").meta(validation),
});

/** A checked training configuration. */
export type TrainConfig = z.infer<typeof trainSchema>;

/**
 * Checks rules between settings.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkTrainConfig(config: TrainConfig): void {
  const { batchSize, batchChunk, evalTgtLen, evalMaxSteps, memLen, nLayer } = config;
  checkLossScale(config);
  checkOptimizer(config);
  if (batchSize % batchChunk !== 0) {
    throw new ConfigError(
      `Cannot cut --batch_size ${batchSize} into --batch_chunk ${batchChunk} equal chunks: ` +
        "it is not divisible; change one of them",
    );
  }
  if (nLayer * batchChunk > MAX_RECORDED_LAYERS) {
    throw new ConfigError(
      `Cannot record --n_layer ${nLayer} for each of --batch_chunk ${batchChunk} chunks: at most ` +
        `${MAX_RECORDED_LAYERS} layers are recorded in all; lower one of them`,
    );
  }
  checkTokens(config);
  if (config.noEval) return; // it skips the test as well
  const context = contextOf(config);
  if (evalTgtLen > context) {
    throw new ConfigError(
      `Cannot evaluate with --eval_tgt_len ${evalTgtLen}: it exceeds the context of training, ${context}; ` +
        "lower it",
    );
  }
  const warms = memLen > 0 && COMPAT_RULES[config.compat].warmsUp;
  const warmup = warms ? Math.ceil((context - evalTgtLen) / evalTgtLen) : 0;
  if (evalMaxSteps > 0 && evalMaxSteps <= warmup) {
    throw new ConfigError(
      `Cannot score only --eval_max_steps ${evalMaxSteps} segments: the first ${warmup} fill the ` +
        "memory and are not scored; raise it or lower --mem_len",
    );
  }
}

/** Flags that only some optimizers read. */
const OPTIMIZER_FLAGS: readonly [keyof TrainConfig, string, keyof OptimizerSettings][] = [
  ["mom", "--mom", "momentum"],
  ["weightDecay", "--weight_decay", "weightDecay"],
];

/** Rejects settings that the optimizer would ignore. */
function checkOptimizer(config: TrainConfig): void {
  const definitions = Object.entries(OPTIMIZERS) as [OptimizerName, OptimizerDefinition][];
  for (const [key, flag, setting] of OPTIMIZER_FLAGS) {
    const reads = definitions.filter(([, { settings }]) => settings.includes(setting))
      .map(([name]) => name);
    if (config[key] === 0 || reads.includes(config.optim)) continue;
    throw new ConfigError(
      `Cannot use ${flag} ${config[key]} with --optim ${config.optim}: only ${reads.join(", ")} ` +
        `${reads.length === 1 ? "reads" : "read"} it; leave it out or change --optim`,
    );
  }
}

/** Maximum number of recorded layers, over all batch chunks; more would take minutes. */
const MAX_RECORDED_LAYERS = 2048;

/** Maximum number of tokens of a batch with memory and context; no device fits more. */
const MAX_TOKENS = 2 ** 28;

/** Rejects batches that no device can hold, before anything is counted. */
function checkTokens(config: TrainConfig): void {
  const { batchSize, evalBatchSize, tgtLen, extLen, memLen, noEval } = config;
  const rows = tgtLen + extLen + memLen;
  const [flag, columns] = noEval || batchSize >= evalBatchSize
    ? ["--batch_size", batchSize]
    : ["--eval_batch_size", evalBatchSize];
  if (rows * columns <= MAX_TOKENS) return;
  throw new ConfigError(
    `Cannot plan ${rows} rows (--tgt_len ${tgtLen}, --ext_len ${extLen}, --mem_len ${memLen}) of ` +
      `${flag} ${columns} columns: ${
        rows * columns
      } tokens, at most ${MAX_TOKENS}; lower one of them`,
  );
}

/** Rows that a token attends to in training, its own segment included. */
export function contextOf(
  { tgtLen, extLen, memLen }: Pick<TrainConfig, "tgtLen" | "extLen" | "memLen">,
): number {
  return memLen === 0 ? extLen + tgtLen : memLen + tgtLen;
}

/** With a smaller loss scale, gradients underflow in float16. */
const SMALLEST_SCALE = 2 ** -10;

function checkLossScale({ fp16, lossScale, staticLossScale }: TrainConfig): void {
  const given = lossScale ?? staticLossScale;
  if (given !== null && given !== 1 && !fp16) {
    throw new ConfigError(
      `Cannot use --loss_scale ${given} in full precision: add --fp16, or leave it out`,
    );
  }
  if (given !== null && (given < SMALLEST_SCALE || given > LARGEST_SCALE)) {
    throw new ConfigError(
      `Cannot use --loss_scale ${given}: gradients ${
        given < SMALLEST_SCALE ? "vanish" : "overflow"
      } in float16, it must lie between ${SMALLEST_SCALE} and ${LARGEST_SCALE}; leave it out for a ` +
        "scale that follows the gradients",
    );
  }
  if (lossScale !== null && staticLossScale !== null && lossScale !== staticLossScale) {
    throw new ConfigError(
      `Cannot use --loss_scale ${lossScale} and --static_loss_scale ${staticLossScale} at once: ` +
        "they are one setting; leave one of them out",
    );
  }
}

/** Loss scale of a step: undefined in full precision. */
export function lossScaleOf(
  { fp16, lossScale, staticLossScale }: TrainConfig,
): number | "dynamic" | undefined {
  return fp16 ? lossScale ?? staticLossScale ?? "dynamic" : undefined;
}

/**
 * Checks that a number of processes can share the batch.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkShares(config: TrainConfig, processes: number): void {
  const { batchSize, batchChunk, evalBatchSize, noEval } = config;
  if (batchSize % (processes * batchChunk) !== 0) {
    throw new ConfigError(
      `Cannot share --batch_size ${batchSize} among ${processes} processes in --batch_chunk ` +
        `${batchChunk} equal chunks: it is not divisible by ${
          processes * batchChunk
        }; change one of them`,
    );
  }
  if (!noEval && !canShare(evalBatchSize, processes)) {
    throw new ConfigError(
      `Cannot share --eval_batch_size ${evalBatchSize} among ${processes} processes: the last one ` +
        `would have no column; use a multiple of ${processes}`,
    );
  }
}

/** The learning-rate schedule of a configuration. */
export function scheduleOf(config: TrainConfig): ScheduleSettings {
  const { scheduler, lr, warmupStep, etaMin, maxStepScheduler, maxStep, compat } = config;
  return {
    scheduler,
    lr,
    warmupStep,
    etaMin,
    steps: maxStepScheduler ?? maxStep,
    cosineFromZero: COMPAT_RULES[compat].startsCosineAtZero,
  };
}

/** The model of a configuration, for a vocabulary. */
export function modelOf(
  config: TrainConfig,
  nToken: number,
  cutoffs: readonly number[],
): ModelConfig {
  const { tieProjections } = dataSet(datasetOf(config));
  return resolveModel(config as ModelSection, nToken, cutoffs, tieProjections);
}
