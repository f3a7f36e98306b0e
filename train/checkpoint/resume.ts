/**
 * Validation of a resumed run: settings that shape the state must equal those of the checkpoint.
 *
 * @module
 */
import { optimizerStates } from "@transformer-xl/kernels";
import {
  assertSameVocabulary,
  type Corpus,
  type ModelCheckpoint,
  type ModelConfig,
  unusable,
} from "@transformer-xl/model";
import { flagName, type FlagOrigin, oneLine } from "@transformer-xl/runtime";
import { type Progress, type TrainingRecord, trainingRecord } from "./training_checkpoint.ts";
import { checkPosition, checkSentences } from "./checkpoint_checks.ts";
import { equal, otherSettings, settingWords, thereWords } from "./setting_differences.ts";
import type { TrainConfig } from "../config.ts";
import { optimizerOf, sparseScheduleOf } from "../run_plan.ts";
import type { PlateauState } from "../schedule.ts";
import { noStepsLeft } from "../settings/flag_errors.ts";

/**
 * Whether a resumed run may change a setting. `fixed` settings shape parameters, memories,
 * optimizer state or the order of the text. Every setting is listed, so that none is ignored
 * silently.
 */
const CHANGES: Readonly<Record<keyof TrainConfig, "free" | "fixed">> = {
  preset: "fixed",
  configFile: "free",
  config: "free",
  printConfig: "free",
  workDir: "free",
  appendDataset: "free",
  appendTime: "free",
  restart: "free",
  initFrom: "fixed",
  overwrite: "free",
  device: "free",
  webgpu: "free",
  gpus: "free",
  oversubscribe: "free",
  backend: "free",
  logAllRanks: "free",
  heartbeatS: "free",
  fp16: "free",
  fp16Sums: "free",
  matrixUnits: "free",
  attnForm: "free",
  seed: "fixed",
  quiet: "free",
  verbose: "free",
  debug: "free",
  txtlogFile: "free",
  dllogFile: "free",
  tensorboard: "free",
  profile: "free",
  noEnv: "free",
  dryRun: "free",
  dataset: "free", // the text itself is compared
  data: "free",
  vocab: "fixed",
  tokenizer: "fixed",
  minFreq: "fixed",
  maxVocab: "fixed",
  lowerCase: "fixed",
  unknown: "fixed",
  acceptNewText: "free",
  extendVocab: "fixed",
  compat: "fixed",
  nLayer: "fixed",
  nHead: "fixed",
  dHead: "fixed",
  dEmbed: "fixed",
  dModel: "fixed",
  dInner: "fixed",
  dropout: "free",
  dropatt: "free",
  preLnorm: "fixed",
  attnType: "fixed",
  untieR: "fixed",
  notTied: "fixed",
  clampLen: "free",
  sameLength: "free",
  adaptive: "fixed",
  cutoffs: "fixed",
  divVal: "fixed",
  init: "fixed",
  initRange: "fixed",
  initStd: "fixed",
  embInit: "fixed",
  embInitRange: "fixed",
  projInitStd: "fixed",
  optim: "fixed",
  mom: "fixed",
  adamBeta1: "free",
  adamBeta2: "free",
  adamEps: "free",
  lr: "free",
  scheduler: "free",
  maxStepScheduler: "free",
  warmupStep: "free",
  warmupFirstStep: "free",
  etaMin: "free",
  decayRate: "free",
  patience: "free",
  lrMin: "free",
  clip: "free",
  clipNonemb: "free",
  weightDecay: "free",
  sampleSoftmax: "free",
  lossScale: "free",
  staticLossScale: "free",
  maxStep: "free",
  batchSize: "fixed",
  localBatchSize: "free", // the batch of all processes is compared
  batchChunk: "free",
  tgtLen: "fixed",
  extLen: "fixed",
  memLen: "fixed",
  roll: "fixed",
  varlen: "fixed",
  swapMem: "free",
  logInterval: "free",
  saveAll: "free",
  evalInterval: "free",
  evalTgtLen: "free",
  evalBatchSize: "free",
  evalMaxSteps: "free",
  noEval: "free",
  noTest: "free",
  targetPerplexity: "free",
  targetThroughput: "free",
};

/**
 * Checks a checkpoint against the run that resumes it.
 *
 * @param options.otherText whether the user accepted a text that is not the checkpoint's
 * @throws {CheckpointError} naming the settings that differ, or that training is finished
 */
export function checkContinues(
  checkpoint: ModelCheckpoint,
  config: TrainConfig,
  modelConfig: ModelConfig,
  corpus: Corpus,
  { otherText = false, isTestDue = false }: {
    readonly otherText?: boolean;
    readonly isTestDue?: boolean;
  } = {},
): void {
  assertSameVocabulary(checkpoint.vocabulary, corpus.vocabulary);
  const record = trainingRecord(checkpoint);
  const differences = changedSettings(checkpoint, record.config, config, modelConfig);
  if (differences.length > 0) {
    throw otherSettings("continue", checkpoint.path, differences);
  }
  const odd = contradiction(checkpoint.config, modelConfig);
  if (odd !== undefined) {
    throw unusable(checkpoint.path, `its model and its settings differ: ${odd}; use another copy`);
  }
  // In an accepted shorter text, the next epoch begins.
  if (corpus.sentences !== undefined) checkSentences(checkpoint.path, record, corpus);
  else if (!otherText) {
    checkPosition(checkpoint.path, record, Math.floor(corpus.train.length / config.batchSize));
  }
  const { step, evaluationDue } = record.progress;
  // A signal may have interrupted the last evaluation or the test.
  if (step === config.maxStep && (evaluationDue || isTestDue)) return;
  if (step >= config.maxStep) {
    throw noStepsLeft(checkpoint.path, step, config.maxStep);
  }
}

/** Fields of a model that a continued run may change. */
const FREE_OF_MODEL: ReadonlySet<string> = new Set([
  "dropout",
  "dropatt",
  "clampLen",
  "sameLength",
]);

/** What of the stored model does not follow from the stored settings. */
function contradiction(stored: ModelConfig, derived: ModelConfig): string | undefined {
  const keys = Object.keys(derived) as (keyof ModelConfig)[];
  const key = keys.find((key) => !FREE_OF_MODEL.has(key) && !equal(stored[key], derived[key]));
  if (key === undefined) return undefined;
  const [there, here] = [stored, derived].map((model) => oneLine(JSON.stringify(model[key]), 60));
  return `${key} is ${there} in the one and ${here} by the others`;
}

/** Fixed settings that differ: `--tgt_len 32 (it is 64 there)`. */
function changedSettings(
  { config: before, vocabulary }: ModelCheckpoint,
  stored: TrainConfig,
  config: TrainConfig,
  modelConfig: ModelConfig,
): string[] {
  const isSameModel = equal(before, {
    ...modelConfig,
    dropout: before.dropout,
    dropatt: before.dropatt,
  });
  const names = Object.keys(CHANGES) as (keyof TrainConfig)[];
  return names.filter((key) => {
    if (key === "sampleSoftmax") return lacksState(stored, config);
    if (CHANGES[key] === "free" || equal(stored[key], config[key])) return false;
    // Some values are equivalent: --d_embed -1 is --d_model, bounds may be those of the data set.
    if (key === "vocab") return config.vocab !== vocabulary.kind;
    return !(isSameModel && ["dEmbed", "cutoffs", "attnType"].includes(key));
  }).map((key) => differenceOf(key, stored, config));
}

/** A setting in command-line form; the batch by the flag that sets it. */
function differenceOf(key: keyof TrainConfig, stored: TrainConfig, config: TrainConfig): string {
  const { localBatchSize, batchSize } = config;
  return key === "batchSize" && localBatchSize !== null
    ? `--${flagName("localBatchSize")} ${localBatchSize}, a batch of ${batchSize} ` +
      thereWords(stored.batchSize)
    : settingWords(key, config[key], stored[key]);
}

/** Whether tables that no longer have sparse gradients lack a state: SGD gives them no momentum. */
function lacksState(stored: TrainConfig, config: TrainConfig): boolean {
  const states = (each: TrainConfig) =>
    Object.entries(optimizerStates(optimizerOf(each)))
      .filter(([, { covers }]) => covers?.({ kind: "embedding", sparse: true }) ?? true)
      .map(([name]) => name);
  const held = states(stored);
  return states(config).some((name) => !held.includes(name));
}

/**
 * The schedule length of a resumed run: a new `--max_step` alone does not stretch the stored
 * schedule, as in the reference.
 */
export function continueCurve(
  config: TrainConfig,
  stored: Pick<TrainConfig, "maxStep" | "maxStepScheduler">,
  origin: ReadonlyMap<string, FlagOrigin>,
): TrainConfig {
  if (origin.get("maxStepScheduler") !== "checkpoint") return config;
  return config.maxStep === stored.maxStep
    ? config
    : { ...config, maxStepScheduler: stored.maxStepScheduler ?? stored.maxStep };
}

/**
 * Progress of a resumed run: the rates of `dev_perf` follow a new `--lr`. Tables that get a rate of
 * their own start from that of the others.
 */
export function continuedProgress(
  { config: stored, progress }: TrainingRecord,
  config: TrainConfig,
): Progress {
  const { lr } = config;
  const sparse = sparseScheduleOf(config);
  const scaled = (state: PlateauState, from: number, to: number): PlateauState =>
    from === to ? state : { ...state, rate: from === 0 ? to : state.rate * to / from };
  const plateau = scaled(progress.plateau, stored.lr, lr);
  const before = sparseScheduleOf(stored);
  const sparsePlateau = sparse === undefined
    ? null
    : before === undefined || progress.sparsePlateau === null
    ? scaled(plateau, lr, sparse.lr)
    : scaled(progress.sparsePlateau, before.lr, sparse.lr);
  return { ...progress, plateau, sparsePlateau };
}
