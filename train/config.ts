/**
 * The configuration of training. One schema provides types, defaults, flags, help, checkpoint
 * metadata and the flag table. Names and defaults are NVIDIA's.
 *
 * @module
 */
import {
  DATASET_CHOICES,
  halfSumsValue,
  lengthValue,
  matrixUnitsValue,
  MAX_RATE,
  MAX_STEPS,
  MAX_VOCABULARY,
  modelFields,
  rateValue,
  rowsValue,
  seedValue,
  stepsValue,
} from "@transformer-xl/model";
import { targetValue } from "@transformer-xl/eval";
import {
  configFields,
  DEVICE_CHOICES,
  pathValue,
  processFields,
  verbosityFields,
  webGpuValue,
} from "@transformer-xl/runtime";
import { ATTENTION_FORMS, type OptimizerName, OPTIMIZERS } from "@transformer-xl/kernels";
import { z } from "zod";
import { PRESETS } from "./presets.ts";
import { SCHEDULES } from "./schedule.ts";

const general = { group: "General" } as const;
const corpus = { group: "Text" } as const;
const optimization = { group: "Optimization" } as const;
const training = { group: "Training" } as const;
const validation = { group: "Validation" } as const;
const decayValue = z.number().min(0).lt(1);
const stepCount = z.int().min(0).max(MAX_STEPS);

/** The schema of `deno task train`. */
export const trainSchema = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).nullable().default(null)
    .describe("Named settings, overridden by --config_file and flags").meta({
      ...general,
      metavar: "NAME",
    }),
  ...configFields,
  workDir: pathValue.default("LM-TFM").describe("Folder for logs and checkpoints")
    .meta({ ...general, metavar: "DIR" }),
  appendDataset: z.boolean().default(false)
    .describe("Append -DATASET to --work_dir").meta(general),
  appendTime: z.boolean().default(false)
    .describe("Use a new sub-folder YYYYmmdd-HHMMSS of --work_dir; with --restart, the newest")
    .meta(general),
  restart: z.union([z.boolean(), pathValue]).default(false)
    .describe("Resume from PATH, or from the last checkpoint in --work_dir")
    .meta({ ...general, metavar: "PATH" }),
  initFrom: pathValue.nullable().default(null)
    .describe("Start a new run with the weights of a checkpoint or work directory")
    .meta({ ...general, metavar: "PATH" }),
  overwrite: z.boolean().default(false)
    .describe("Start a new run in a --work_dir that already holds checkpoints").meta(general),
  device: z.enum(DEVICE_CHOICES).default("auto")
    .describe(
      "gpu: require an adapter, also of a software driver; cpu: no driver; auto: a GPU, else the CPU",
    )
    .meta(general),
  webgpu: webGpuValue.meta(general),
  ...processFields,
  fp16: z.boolean().default(false)
    .describe("Mixed precision: float16 weights, activations and gradients, float32 master weights")
    .meta(general),
  fp16Sums: halfSumsValue.meta(general),
  matrixUnits: matrixUnitsValue.meta(general),
  attnForm: z.enum(ATTENTION_FORMS).default("auto")
    .describe("Arrays of attention scores: none, those of a layer in its derivative, or all")
    .meta(general),
  seed: seedValue.default(1111).describe("Seed for weights, dropout and --roll").meta(general),
  ...verbosityFields,
  debug: z.boolean().default(false).describe("Write no files").meta(general),
  txtlogFile: pathValue.default("train_log.log")
    .describe("Text log, in --work_dir unless the path is absolute")
    .meta({ ...general, metavar: "FILE" }),
  dllogFile: pathValue.default("train_log.json")
    .describe("Records for DLLogger, in --work_dir unless the path is absolute")
    .meta({ ...general, metavar: "FILE" }),
  tensorboard: z.boolean().default(false)
    .describe("Write event files for TensorBoard to --work_dir").meta(general),
  profile: z.boolean().default(false)
    .describe("Time the ops of some steps: profile.md and profile_trace.json in --work_dir")
    .meta(general),
  noEnv: z.boolean().default(false)
    .describe("Leave versions, machine and device out of the JSON log").meta(general),
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
  vocab: z.enum(["auto", "word", "char", "byte", "bpe"]).default("auto")
    .describe("auto: as the data set has it; byte: all 256 bytes; bpe: byte pairs of GPT-2")
    .meta(corpus),
  tokenizer: pathValue.nullable().default(null)
    .describe("tokenizer.json of Hugging Face's format, in place of --vocab; checkpoints keep it")
    .meta({ ...corpus, metavar: "FILE" }),
  minFreq: rowsValue.default(0).describe("Minimum count of a word in the vocabulary").meta(corpus),
  maxVocab: stepsValue.nullable().default(null)
    .describe("Maximum number of words in the vocabulary; none: all").meta(corpus),
  lowerCase: z.boolean().default(false).describe("Lower-case words").meta(corpus),
  unknown: z.string().min(1).nullable().default(null)
    .describe("Symbol for unknown words; none: <unk> if any word is excluded")
    .meta({ ...corpus, metavar: "SYMBOL" }),
  acceptNewText: z.boolean().default(false)
    .describe("With --restart: continue although the training text has changed").meta(corpus),
  extendVocab: z.boolean().default(false)
    .describe("With --init_from: add the symbols of the text to those of the checkpoint")
    .meta(corpus),

  ...modelFields,

  optim: z.enum(Object.keys(OPTIMIZERS) as [OptimizerName, ...OptimizerName[]])
    .default("jitlamb").describe(
      "Optimizer; jitlamb is an alias of lamb; muon is for the matrices of layers, with adamw for the rest",
    ).meta(optimization),
  mom: decayValue.nullable().default(null).describe(
    "Momentum of sgd and muon; none: 0 for sgd, 0.95 for muon",
  )
    .meta(optimization),
  adamBeta1: decayValue.nullable().default(null)
    .describe("Decay of the first moments of adam, adamw, lamb and of the adamw in muon; none: 0.9")
    .meta(optimization),
  adamBeta2: decayValue.nullable().default(null)
    .describe(
      "Decay of the second moments of adam, adamw, lamb and of the adamw in muon; none: 0.999",
    )
    .meta(optimization),
  adamEps: z.number().positive().max(1).nullable().default(null).describe(
    "Added to the denominator of a step; none: 1e-8 for adam, adamw and muon, 1e-6 for lamb, 1e-10 for adagrad",
  ).meta(optimization),
  lr: rateValue.default(0.01).describe("Base learning rate").meta(optimization),
  scheduler: z.enum(SCHEDULES).default("cosine").describe("Learning-rate schedule").meta(
    optimization,
  ),
  maxStepScheduler: stepsValue.nullable().default(null)
    .describe("Steps of the schedule; none: --max_step").meta(optimization),
  warmupStep: stepCount.default(1000).describe("Linear warm-up steps").meta(optimization),
  warmupFirstStep: z.boolean().default(false).describe(
    "Warm up step 1 too: it runs at the rate set after it, --lr / --warmup_step for most schedules",
  ).meta(optimization),
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
  clipNonemb: z.boolean().default(false)
    .describe("Clip all gradients but those of the embedding, and count only them in the norm")
    .meta(optimization),
  weightDecay: rateValue.default(0).describe(
    "Weight decay: added to the step of lamb, to the gradient of adam, sgd and adagrad, and " +
      "decoupled in adamw and muon",
  ).meta(optimization),
  sampleSoftmax: z.int().min(-1).max(MAX_VOCABULARY).default(-1).describe(
    "Words sampled for the softmax of training, log-uniformly; evaluations take the whole softmax; " +
      "-1 or 0: no sampling",
  ).meta(optimization),
  lossScale: z.number().positive().max(MAX_RATE).nullable().default(null)
    .describe("Fixed loss scale for --fp16; none: dynamic loss scaling").meta(optimization),
  staticLossScale: z.number().positive().max(MAX_RATE).nullable().default(null)
    .describe("Alias of --loss_scale").meta(optimization),

  maxStep: stepsValue.default(40_000).describe("Optimizer steps").meta(training),
  batchSize: lengthValue.default(256).describe("Batch size (columns) of a step, over all processes")
    .meta(training),
  localBatchSize: lengthValue.nullable().default(null)
    .describe("Batch size of each process; sets --batch_size to this times the processes")
    .meta(training),
  batchChunk: lengthValue.default(1).describe("Gradient-accumulation steps").meta(
    training,
  ),
  tgtLen: lengthValue.default(192).describe("Target tokens per segment").meta(training),
  extLen: rowsValue.default(0).describe("Extended-context tokens").meta(training),
  memLen: rowsValue.default(192).describe("Memory length in tokens").meta(training),
  roll: z.boolean().default(false).describe("Rotate the batch columns before each epoch")
    .meta(training),
  varlen: z.boolean().default(false)
    .describe("Vary the target tokens per segment: normally distributed around --tgt_len")
    .meta(training),
  swapMem: z.boolean().default(false)
    .describe("Keep memories in host memory between steps").meta(training),
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
  targetPerplexity: targetValue
    .describe("Exit with 1 if the best validation perplexity is larger").meta(validation),
  targetThroughput: targetValue
    .describe("Exit with 1 if training processes fewer tokens per second").meta(validation),
});

/** A checked training configuration. */
export type TrainConfig = z.infer<typeof trainSchema>;
