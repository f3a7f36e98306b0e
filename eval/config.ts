/**
 * The command line of evaluation.
 *
 * @module
 */
import {
  CACHE_CHOICES,
  canShare,
  type Compat,
  COMPAT_RULES,
  COMPATS,
  DATASET_CHOICES,
  type DeviceSettings,
  halfSumsValue,
  keysOf,
  type Lengths,
  lengthValue,
  matrixUnitsValue,
  MAX_LENGTH,
  type ModelConfig,
  rowsValue,
  seedValue,
  stepsValue,
} from "@transformer-xl/model";
import {
  ConfigError,
  configFields,
  DEVICE_CHOICES,
  pathValue,
  processFields,
  quoted,
  verbosityFields,
  webGpuValue,
} from "@transformer-xl/runtime";
import { z } from "zod";
import { EVAL_PRESETS } from "./presets.ts";
import { ONNX_PROVIDERS } from "./scorers/onnx_package/onnx_package.ts";
import { type DeviceScorerType, SCORER_TYPES } from "./scorers/open_scorer.ts";

const general = { group: "General" } as const;
const corpus = { group: "Text" } as const;
const lengths = { group: "Lengths" } as const;
const benchmark = { group: "Benchmark" } as const;

/** Maximum number of percentiles of one line each. */
const MAX_PERCENTILES = 100;

/** Largest target; nothing computes as many tokens per second. */
const MAX_TARGET = 1e15;

/** A target for the end of a run; none by default. */
export const targetValue: z.ZodDefault<z.ZodNullable<z.ZodNumber>> = z.number().positive()
  .max(MAX_TARGET).nullable().default(null);

/** The schema of `deno task eval`. */
export const evalSchema = z.strictObject({
  preset: z.enum(Object.keys(EVAL_PRESETS) as [string, ...string[]]).nullable().default(null)
    .describe("Lengths for the model of a training preset, overridden by --config_file and flags")
    .meta({ ...general, metavar: "NAME" }),
  ...configFields,
  workDir: pathValue.default("LM-TFM").describe("Folder of checkpoints and logs")
    .meta({ ...general, metavar: "DIR" }),
  model: pathValue.nullable().default(null)
    .describe("Checkpoint file; none: checkpoint_best of --work_dir, else checkpoint_last").meta({
      ...general,
      metavar: "FILE",
    }),
  compare: z.array(pathValue).default([])
    .describe("Score two checkpoints on the same text, with an interval of their difference")
    .meta({ ...general, metavar: "FILE" }),
  device: z.enum(DEVICE_CHOICES).default("auto")
    .describe(
      "gpu: require an adapter, also of a software driver; cpu: no driver; auto: a GPU, else the CPU",
    )
    .meta(general),
  webgpu: webGpuValue.meta(general),
  fp16: z.boolean().default(false).describe("Float16 weights, activations and memory")
    .meta(general),
  fp16Sums: halfSumsValue.meta(general),
  matrixUnits: matrixUnitsValue.meta(general),
  type: z.enum(SCORER_TYPES).default("webgpu")
    .describe(
      "onnx: run the ONNX file of --model; the others name this program's runtime in results",
    )
    .meta(general),
  onnxProvider: z.enum(ONNX_PROVIDERS).default("wasm")
    .describe("What ONNX Runtime computes with: WebAssembly on the CPU, or WebGPU")
    .meta(general),
  cache: z.enum(CACHE_CHOICES).default("auto")
    .describe(
      "Memory rows are kept as keys and values, or as hidden states; auto: keys if possible",
    )
    .meta(general),
  ...verbosityFields,
  debug: z.boolean().default(false).describe("Write no log files").meta(general),
  dllogFile: pathValue.default("eval_log.json")
    .describe("Records for DLLogger, beside the other logs unless the path is absolute")
    .meta({ ...general, metavar: "FILE" }),
  noEnv: z.boolean().default(false)
    .describe("Leave versions, machine and device out of the JSON log").meta(general),
  logInterval: lengthValue.default(10).describe("Segments between log lines").meta(general),
  compat: z.enum(["auto", ...COMPATS]).default("auto")
    .describe(
      "auto: as in training; none: the papers; head: the reference (2023); 2019: its first release",
    )
    .meta(general),
  generate: z.boolean().default(false)
    .describe("Continue a prompt instead: all other flags are those of deno task generate")
    .meta({ ...general, flagOnly: true }),
  ...processFields,

  manual: z.array(z.string()).default([])
    .describe("Score these words instead of a data set; -: standard input")
    .meta({ ...corpus, metavar: "TEXT" }),
  manualFile: pathValue.nullable().default(null)
    .describe("Score the text of this file as one sentence, like --manual")
    .meta({ ...corpus, metavar: "FILE" }),
  dataset: z.enum(DATASET_CHOICES).default("auto")
    .describe("auto: the training data set, or text if --data is given").meta(corpus),
  data: pathValue.nullable().default(null)
    .describe("Text file or folder; none: the training text").meta({
      ...corpus,
      metavar: "PATH",
    }),
  split: z.enum(["all", "train", "valid", "test", "file"]).default("all")
    .describe(
      "Split to score; all: valid, then test, or a --data file whole; file: all of the text",
    )
    .meta(corpus),
  lines: z.boolean().default(false)
    .describe("Score every line of --manual_file or --manual - apart, batched over columns")
    .meta(corpus),
  perToken: z.boolean().default(false).describe(
    "Print every token with its log-probability, rank and surprise; save JSON lines and a page",
  ).meta(corpus),
  perTokenFile: pathValue.default("per_token")
    .describe("Files of --per_token without ending, beside the logs unless the path is absolute")
    .meta({ ...corpus, metavar: "NAME" }),
  maxSize: stepsValue.nullable().default(null).describe(
    "Segments per split and repetition; none: all",
  ).meta(
    corpus,
  ),

  batchSize: lengthValue.default(16).describe("Batch size (columns)").meta(lengths),
  tgtLen: lengthValue.default(64).describe("Target tokens per segment").meta(lengths),
  extLen: rowsValue.default(0).describe("Extended-context tokens").meta(lengths),
  memLen: rowsValue.default(640).describe("Memory length in tokens").meta(lengths),
  clampLen: z.int().min(-1).max(MAX_LENGTH).nullable().default(null)
    .describe("Clamp relative distances to this value; -1: no clamping; none: as in training").meta(
      lengths,
    ),
  sameLength: z.boolean().nullable().default(null)
    .describe("Attend to the same number of keys from every position; none: as in training").meta(
      lengths,
    ),

  manualConfig: z.record(z.string(), z.unknown()).nullable().default(null)
    .describe("Random weights instead of a checkpoint: arguments of the reference's model")
    .meta({ ...benchmark, metavar: "JSON" }),
  manualVocab: z.enum(["word", "bpe", "char", "byte"]).default("word")
    .describe("Symbols of --manual_config").meta(benchmark),
  seed: seedValue.default(1111).describe(
    "Seed of random weights, random ids and the intervals of --compare",
  ).meta(benchmark),
  saveData: z.boolean().default(false)
    .describe("Wait for every segment; print and save latency and throughput").meta(benchmark),
  percentiles: z.array(z.number().min(0).max(100)).min(1).max(MAX_PERCENTILES)
    .default([90, 95, 99]).describe("Percentiles of latency that --save_data prints")
    .meta(benchmark),
  repeat: stepsValue.default(1).describe("Evaluations of each split, one after the other")
    .meta(benchmark),
  targetPerplexity: targetValue
    .describe("Exit with 1 if the perplexity of the last split is larger").meta(benchmark),
  targetThroughput: targetValue
    .describe("Wait for every segment; exit with 1 if the last split has fewer tokens per second")
    .meta(benchmark),
});

/** A checked evaluation configuration. */
export type EvalConfig = z.infer<typeof evalSchema>;

/** The settings of a model on a device. */
export function deviceSettings(
  { device, webgpu, type, fp16, fp16Sums, matrixUnits }: EvalConfig,
): DeviceSettings & { readonly type: DeviceScorerType } {
  // An ONNX file is another source.
  return { device, webgpu, fp16, fp16Sums, matrixUnits, type: type as DeviceScorerType };
}

/** Whether the flags name a text, which then is scored instead of that of training. */
export function givesText({ dataset, data }: EvalConfig): boolean {
  return data !== null || dataset !== "auto";
}

/** Whether random ids are scored. */
export function isRandomText(config: EvalConfig): boolean {
  return config.manualConfig !== null && !givesText(config);
}

/** Whether a typed text is scored: words, standard input or a file. */
export function isTyped({ manual, manualFile }: EvalConfig): boolean {
  return manual.length > 0 || manualFile !== null;
}

/** The lengths of the flags; a sentence is one column. */
export function lengthsOf(config: EvalConfig): Lengths {
  const { batchSize, tgtLen, extLen, memLen } = config;
  const isSentence = isTyped(config) && !config.lines;
  return { batchSize: isSentence ? 1 : batchSize, tgtLen, extLen, memLen };
}

/**
 * Rows that fill the memory before scoring starts: none where no text precedes, in a sentence and in
 * random ids, and none in 2019.
 */
export function warmupRows(config: EvalConfig, compat: Compat): number {
  const begins = isTyped(config) || isRandomText(config);
  return !begins && COMPAT_RULES[compat].warmsUp ? config.memLen : 0;
}

/**
 * Checks that `--generate` is written out: then it has started generation.
 *
 * @throws {ConfigError} when it is given in another form
 */
export function checkGenerate({ generate }: EvalConfig): void {
  if (!generate) return;
  throw new ConfigError(
    "Cannot generate with a shortened or assigned --generate: its flags would not be known; write it " +
      "out, or use deno task generate",
  );
}

/**
 * Checks that flags of a typed text and of a model of random weights go together.
 *
 * @throws {ConfigError} naming them
 */
export function checkManual(config: EvalConfig): void {
  const { manual, manualFile, model, manualConfig } = config;
  if (manual.length > 0 && manualFile !== null) {
    throw new ConfigError(
      `Cannot score --manual and --manual_file ${
        quoted(manualFile)
      } at once; leave one of them out`,
    );
  }
  checkLines(config);
  if (manualConfig === null) return;
  if (isTyped(config)) {
    throw new ConfigError(
      "Cannot score --manual with --manual_config: random weights know no words; give a checkpoint " +
        "with --model, or leave --manual out",
    );
  }
  if (model !== null) {
    throw new ConfigError(
      `Cannot use --model ${
        quoted(model)
      } with --manual_config, which builds random weights; leave ` +
        "one of them out",
    );
  }
}

/** Checks that there are lines, and that no flag is given which is about segments of one text. */
function checkLines(config: EvalConfig): void {
  if (!config.lines) return;
  if (!isTyped(config)) {
    throw new ConfigError(
      "Cannot score --lines without a text; give --manual_file FILE, or --manual - for standard input",
    );
  }
  const ofStreams = [
    config.saveData && "--save_data",
    config.targetThroughput !== null && "--target_throughput",
    config.repeat > 1 && "--repeat",
    config.maxSize !== null && "--max_size",
  ].filter((flag) => flag !== false);
  if (ofStreams.length === 0) return;
  throw new ConfigError(
    `Cannot score --lines with ${ofStreams.join(", ")}: lines have no common segments; leave one ` +
      "of them out",
  );
}

/**
 * Checks that a segment is left to score.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkScored(config: EvalConfig, compat: Compat): void {
  const { maxSize, tgtLen } = config;
  const warmup = Math.ceil(warmupRows(config, compat) / tgtLen);
  if (maxSize !== null && maxSize <= warmup) {
    throw new ConfigError(
      `Cannot score only --max_size ${maxSize} segments: the first ${warmup} fill the memory and are ` +
        "not scored; raise it or lower --mem_len",
    );
  }
}

/**
 * Checks that the reference could load the tables of attention types 1 and 3: it builds them for the
 * lengths of the evaluation.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkTables(
  { attnType, positionRows, compat }: Pick<ModelConfig, "attnType" | "positionRows" | "compat">,
  lengths: Lengths,
): void {
  const rows = keysOf(lengths);
  if (positionRows === 0 || rows === positionRows || COMPAT_RULES[compat].extendsTables) return;
  throw new ConfigError(
    `Cannot score --attn_type ${attnType} with ${rows} rows of context and --compat ${compat}: its ` +
      `tables have ${positionRows} rows; use --compat none, or --tgt_len, --ext_len and --mem_len ` +
      `with this sum`,
  );
}

/**
 * Checks that a number of processes can share the batch columns.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkShare(config: EvalConfig, processes: number): void {
  const alone = [
    config.perToken && "--per_token",
    config.lines && "--lines",
    config.compare.length > 0 && "--compare",
    config.type === "onnx" && "--type onnx",
  ].find((flag) => flag !== false);
  if (alone !== undefined && processes > 1) {
    throw new ConfigError(
      `Cannot score with ${alone} in ${processes} processes: it needs all columns in one; use --gpus 1`,
    );
  }
  const { batchSize } = lengthsOf(config);
  if (canShare(batchSize, processes)) return;
  throw new ConfigError(
    isTyped(config)
      ? `Cannot score --manual in ${processes} processes: it is one column; use --gpus 1`
      : `Cannot share --batch_size ${batchSize} among ${processes} processes: the last one would ` +
        `have no column; use a multiple of ${processes}`,
  );
}

/** Whether every segment is waited for and timed. */
export function isMeasured(
  { saveData, targetThroughput }: Pick<EvalConfig, "saveData" | "targetThroughput">,
): boolean {
  return saveData || targetThroughput !== null;
}

/**
 * Checks that iterations are left to measure after those that warm up.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkMeasured(
  config: Pick<EvalConfig, "saveData" | "targetThroughput" | "repeat" | "maxSize">,
  { name, segments, skipped }: {
    /** Name of the text. */
    readonly name: string;
    /** Segments of one repetition, all of them. */
    readonly segments: number;
    /** Iterations that are not counted. */
    readonly skipped: number;
  },
): void {
  const { repeat, maxSize } = config;
  const ran = repeat * Math.min(segments, maxSize ?? segments);
  if (!isMeasured(config) || ran > skipped) return;
  throw new ConfigError(
    `Cannot measure ${ran} segments of the ${name} text: the first ${skipped} warm up and are not ` +
      "counted; raise --repeat or --max_size, or lower --mem_len",
  );
}
