/**
 * Everything that is derived from a training configuration: model, lengths, schedule and the options
 * of a step.
 *
 * @module
 */
import {
  DEFAULT_BETAS,
  type OptimizerChoice,
  type OptimizerDefinition,
  OPTIMIZERS,
} from "@transformer-xl/kernels";
import {
  checkSamples,
  columnShare,
  COMPAT_RULES,
  type CompatRules,
  dataSet,
  datasetOf,
  type Lengths,
  type ModelConfig,
  type ModelSection,
  MOST_EXTRA_ROWS,
  resolveModel,
} from "@transformer-xl/model";
import type { TrainConfig } from "./config.ts";
import type { ScheduleSettings } from "./schedule.ts";
import type { StepOptions } from "./step/train_step.ts";

/** The rank of the lengths, and the number of ranks that share the batch. */
export interface Share {
  /** Number of the process, from 0. */
  readonly rank: number;
  /** Processes. */
  readonly size: number;
}

/** The share of a single process. */
export const WHOLE: Share = { rank: 0, size: 1 };

/** The configuration with the batch of `processes`, each of which has `--local_batch_size` columns. */
export function withProcesses(config: TrainConfig, processes: number): TrainConfig {
  const { localBatchSize } = config;
  return localBatchSize === null ? config : { ...config, batchSize: localBatchSize * processes };
}

/** Lengths of a training step, of all columns of a process; shorter segments are padded. */
export function trainLengths(config: TrainConfig, { size }: Share = WHOLE): Lengths {
  const { batchSize, extLen, memLen } = config;
  return { batchSize: batchSize / size, tgtLen: longestSegment(config), extLen, memLen };
}

/** Most target rows of a training segment. */
export function longestSegment(
  { tgtLen, varlen }: Pick<TrainConfig, "tgtLen" | "varlen">,
): number {
  return varlen ? tgtLen + MOST_EXTRA_ROWS : tgtLen;
}

/**
 * Lengths of an evaluation during training: the context of training, split differently: memory, or
 * without it the extended context, grows by what targets lose. The last ranks may have fewer columns.
 */
export function evalLengths(config: TrainConfig, { rank, size }: Share = WHOLE): Lengths {
  const { tgtLen, evalTgtLen, extLen, memLen, evalBatchSize, compat } = config;
  const added = tgtLen - evalTgtLen;
  const { extendsEvaluation } = COMPAT_RULES[compat];
  return {
    batchSize: columnShare(evalBatchSize, rank, size).columns,
    tgtLen: evalTgtLen,
    extLen: memLen === 0 && extendsEvaluation ? extLen + added : extLen,
    memLen: memLen === 0 ? 0 : memLen + added,
  };
}

/** The optimizer of a configuration. */
export function optimizerOf(
  config: Pick<
    TrainConfig,
    | "optim"
    | "weightDecay"
    | "mom"
    | "adamBeta1"
    | "adamBeta2"
    | "adamEps"
    | "sampleSoftmax"
    | "compat"
  >,
): OptimizerChoice {
  const { optim, weightDecay, mom, adamBeta1, adamBeta2, adamEps, compat } = config;
  const { sampleSoftmax } = config;
  const [beta1, beta2] = DEFAULT_BETAS;
  return {
    kind: optim,
    weightDecay,
    sparse: sampleSoftmax > 0,
    ...(mom !== null && { momentum: mom }),
    betas: [adamBeta1 ?? beta1, adamBeta2 ?? beta2],
    ...(adamEps !== null && { eps: adamEps }),
    zeroRatio: COMPAT_RULES[compat].movesZeroTensors ? 1 : 0,
  };
}

/** Options of a step of one process. */
export function stepOptions(config: TrainConfig, share: Share = WHOLE): StepOptions {
  const { batchChunk, swapMem: swapMemory, clip, clipNonemb, logInterval, sampleSoftmax } = config;
  const seed = config.seed + (COMPAT_RULES[config.compat].sharesMasks ? 0 : share.rank);
  const lossScale = lossScaleOf(config);
  return {
    attentionForm: config.attnForm,
    batchChunk,
    swapMemory,
    clip,
    clipsEmbedding: !clipNonemb,
    seed,
    optimizer: optimizerOf(config),
    ...(sampleSoftmax > 0 && { samples: sampleSoftmax }),
    ...(lossScale !== undefined && { lossScale }),
    ringSize: logInterval,
  };
}

/** Rows that a token attends to in training, its own segment included. */
export function contextOf(
  { tgtLen, extLen, memLen }: Pick<TrainConfig, "tgtLen" | "extLen" | "memLen">,
): number {
  return memLen === 0 ? extLen + tgtLen : memLen + tgtLen;
}

/** Whether the text is sentences in random order, which have nothing before them. */
export function readsSentences(config: Pick<TrainConfig, "dataset" | "data">): boolean {
  return dataSet(datasetOf(config) as string).files === "sentences";
}

/** Rows that fill the memory of an evaluation before the first scored segment. */
export function evalWarmupLen(config: TrainConfig): number {
  const warmsUp = COMPAT_RULES[config.compat].warmsUp && !readsSentences(config);
  return warmsUp ? evalLengths(config).memLen : 0;
}

/** Loss scale of a step: undefined in full precision. */
function lossScaleOf(
  { fp16, lossScale, staticLossScale }: TrainConfig,
): number | "dynamic" | undefined {
  return fp16 ? lossScale ?? staticLossScale ?? "dynamic" : undefined;
}

/** The learning-rate schedule of a configuration. */
export function scheduleOf(config: TrainConfig): ScheduleSettings {
  const { scheduler, lr, warmupStep, warmupFirstStep, etaMin } = config;
  const { maxStepScheduler, maxStep, compat } = config;
  return {
    scheduler,
    lr,
    warmupStep,
    etaMin,
    steps: maxStepScheduler ?? maxStep,
    warmsFirstStep: warmupFirstStep,
    cosineFromZero: COMPAT_RULES[compat].startsCosineAtZero,
  };
}

/**
 * The schedule of tables whose gradients are sparse because the softmax is sampled, for optimizers
 * that update them apart. As in the reference, their warm-up climbs to twice the rate, and the base
 * rate of SGD is twice that of the other parameters.
 */
export function sparseScheduleOf(config: TrainConfig): ScheduleSettings | undefined {
  const { sampleSoftmax, optim, lr } = config;
  const { settings }: OptimizerDefinition = OPTIMIZERS[optim];
  if (sampleSoftmax <= 0 || !settings.includes("sparse")) return undefined;
  const base = optim === "sgd" ? 2 * lr : lr;
  return { ...scheduleOf(config), lr: base, warmupLr: 2 * lr };
}

/**
 * The model of a configuration, for a vocabulary.
 *
 * @param base the model whose weights the run started from; its tied projections and the length of
 * its tables follow from no setting
 * @throws {ConfigError} when settings contradict each other or the vocabulary
 */
export function modelOf(
  config: TrainConfig,
  nToken: number,
  cutoffs: readonly number[],
  base?: ModelConfig,
): ModelConfig {
  const { tieProjections } = dataSet(datasetOf(config));
  const { tgtLen, extLen, memLen } = config;
  const section = { ...config as ModelSection, positionRows: tgtLen + extLen + memLen };
  const resolved = resolveModel(section, nToken, cutoffs, tieProjections);
  const model = base === undefined
    ? resolved
    : { ...resolved, tieProjs: base.tieProjs, positionRows: base.positionRows };
  if (config.sampleSoftmax > 0) checkSamples(model, config.sampleSoftmax);
  return model;
}

/** What a run of one process does, derived once from its configuration. */
export interface RunPlan {
  /** Rules of the reference version. */
  readonly rules: CompatRules;
  /** Learning-rate schedule. */
  readonly schedule: ScheduleSettings;
  /** That of tables with sparse gradients, if they have one of their own. */
  readonly sparseSchedule: ScheduleSettings | undefined;
  /** Lengths of a training step on this rank. */
  readonly trainLengths: Lengths;
  /** Lengths of an evaluation on this rank; undefined where nothing is evaluated. */
  readonly evalLengths: Lengths | undefined;
  /** Options of the training step on this rank. */
  readonly step: StepOptions;
}

/** Derives the run of one process. */
export function planRun(config: TrainConfig, share: Share = WHOLE): RunPlan {
  return {
    rules: COMPAT_RULES[config.compat],
    schedule: scheduleOf(config),
    sparseSchedule: sparseScheduleOf(config),
    trainLengths: trainLengths(config, share),
    evalLengths: config.noEval ? undefined : evalLengths(config, share),
    step: stepOptions(config, share),
  };
}
