/**
 * Consistency checks of the training state in a checkpoint, on numbers and shapes alone.
 *
 * @module
 */
import {
  checkFloats,
  type Corpus,
  firstIssue,
  type ModelCheckpoint,
  parameterRoles,
  type SentencePosition,
  unusable,
  weightNames,
} from "@transformer-xl/model";
import { optimizerStates } from "@transformer-xl/kernels";
import type { TrainConfig } from "../config.ts";
import { optimizerOf } from "../run_plan.ts";
import type { z } from "zod";

/** Parts of a training record that are checked. */
export interface RunState {
  /** Settings of the run. */
  readonly config: TrainConfig;
  /** Its progress. */
  readonly progress: {
    readonly step: number;
    readonly epoch: number;
    readonly lastStart: number | null;
    readonly sentences: SentencePosition | null;
    readonly filled: number;
  };
}

/** Settings of a single start, which do not make a run another one: neither model nor schedule. */
export const OF_ONE_START = [
  "acceptNewText",
  "appendDataset",
  "appendTime",
  "config",
  "configFile",
  "debug",
  "dryRun",
  "localBatchSize",
  "overwrite",
  "printConfig",
  "quiet",
  "restart",
  "verbose",
  "workDir",
] as const;

/** The settings that a resumed run takes from its checkpoint. */
export function settingsToContinue(
  { config }: Pick<RunState, "config">,
): Omit<TrainConfig, typeof OF_ONE_START[number]> {
  const settings: Partial<TrainConfig> = { ...config };
  for (const key of OF_ONE_START) delete settings[key];
  return settings as Omit<TrainConfig, typeof OF_ONE_START[number]>;
}

/**
 * A record of training, checked against the schema and the tensors beside it.
 *
 * @throws {CheckpointError} When it is missing, of another version, or contradicts itself
 */
export function checkedRecord<R extends RunState>(
  checkpoint: ModelCheckpoint,
  schema: z.ZodType<R>,
): R {
  const { path, training } = checkpoint;
  if (training === null) {
    throw unusable(
      path,
      "it holds weights and symbols, but no state of training: neither settings of the run nor " +
        "optimizer state, memories and place in the text",
      undefined,
      "a checkpoint of training, or a new run with its weights",
    );
  }
  const result = schema.safeParse(training);
  if (!result.success) {
    throw unusable(
      path,
      `in its training state, ${firstIssue(result.error)}; give a file that this version wrote`,
    );
  }
  const problem = contradiction(result.data);
  if (problem !== undefined) {
    throw unusable(path, `in its training state, ${problem}; use another copy`);
  }
  checkState(checkpoint, result.data);
  return result.data;
}

/** Contradictions in a training record. */
function contradiction({ config, progress }: RunState): string | undefined {
  const { tgtLen, memLen, varlen } = config;
  const { step, epoch, lastStart, filled } = progress;
  if (epoch > step + 1) return `the epoch is ${epoch} after ${step} steps`;
  if (filled > memLen) return `${filled} rows of memory are valid, the memory length is ${memLen}`;
  if (lastStart !== null && (lastStart < 0 || !varlen && lastStart % tgtLen !== 0)) {
    return `the last segment starts at row ${lastStart}, not at a multiple of the segment length ${tgtLen}`;
  }
}

/** Compares optimizer states and memories with the model and the batch. */
function checkState({ path, file, config: modelConfig }: ModelCheckpoint, record: RunState): void {
  const { batchSize, memLen } = record.config;
  const weights = weightNames(file);
  const roleOf = parameterRoles(modelConfig);
  const states = Object.entries(optimizerStates(optimizerOf(record.config)));
  for (const [state, { covers }] of states) {
    for (const name of weights) {
      const parameter = { name, shape: file.shape(name) };
      if (covers !== undefined && !covers(roleOf(parameter))) continue;
      checkFloats(file, statePrefix(state) + name, parameter.shape);
    }
  }
  if (file.has(LOSS_SCALE)) checkFloats(file, LOSS_SCALE, [3]);
  const layers = memLen === 0 ? 0 : modelConfig.nLayer;
  for (let layer = 0; layer < layers; layer++) {
    checkFloats(file, memoryName(layer), [record.progress.filled, batchSize, modelConfig.dModel]);
  }
  const memories = file.names.filter((name) => name.startsWith("memory.")).length;
  if (memories !== layers) {
    throw unusable(path, `it holds memories of ${memories} layers, its run had ${layers}`);
  }
}

/**
 * Rejects a position outside the text.
 *
 * @param rows Rows of the batch columns of the training text
 * @throws {CheckpointError} When the last segment would start behind them
 */
export function checkPosition(
  path: string,
  { progress: { lastStart } }: RunState,
  rows: number,
): void {
  if (lastStart === null || lastStart < rows) return;
  throw unusable(
    path,
    `its last segment starts at row ${lastStart}, the columns of the text have ${rows}; give the ` +
      "text it was trained on",
  );
}

/**
 * Rejects a place of sentences that another batch or vocabulary would have.
 *
 * @throws {CheckpointError} when columns, rows or ids are not those of the run
 */
export function checkSentences(
  path: string,
  { progress: { sentences }, config }: RunState,
  { vocabulary: { size } }: Pick<Corpus, "vocabulary">,
): void {
  if (sentences === null) return;
  const { rests, before } = sentences;
  const { batchSize, extLen } = config;
  const fits = rests.length === batchSize && before.length % batchSize === 0 &&
    before.length <= extLen * batchSize;
  const isKnown = (id: number) => id < size;
  if (fits && before.every(isKnown) && rests.every((rest) => rest.every(isKnown))) return;
  throw unusable(path, "its place among the sentences is not one of its batch; use another copy");
}

/** Name of the tensor with the state of dynamic loss scaling. */
export const LOSS_SCALE = "optimizer.loss_scale";

/** Prefix of a weight's name in the name of its optimizer state. */
export function statePrefix(state: string): string {
  return `optimizer.${state}/`;
}

/** Name of the tensor with the memory of a layer. */
export function memoryName(layer: number): string {
  return `memory.${layer}`;
}
