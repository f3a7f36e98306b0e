/**
 * Training state on disk, in addition to the model's: optimizer state, memories, and the position
 * in text and schedule. A run resumed from it is bit-equal to an uninterrupted one.
 *
 * @module
 */
import {
  checkpointMetadata,
  floatDtype,
  floatSource,
  loadParameters,
  MAX_STEPS,
  type ModelCheckpoint,
  parameterSources,
  rateValue,
  readFloats,
  storedCompat,
  unusable,
  type Vocabulary,
  vocabularySource,
} from "@transformer-xl/model";
import {
  CheckpointError,
  type ProcessGroup,
  type SafetensorsSource,
  weightsOf,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { z } from "zod";
import { checkedRecord, LOSS_SCALE, memoryName, statePrefix } from "./checkpoint_checks.ts";
import { trainSchema } from "../config.ts";
import {
  type ColumnMemory,
  type ColumnSettings,
  gatherLayer,
  scatterLayer,
} from "../data_parallel/column_memory.ts";
import type { TrainStep } from "../step/train_step.ts";

/** Maximum epoch of a resumed run. */
const MAX_EPOCHS = 100_000;

const plateauState = z.strictObject({
  rate: rateValue,
  best: z.number().min(0).nullable(),
  waited: z.int().min(0),
});

const sentencePosition = z.strictObject({
  epoch: z.int().min(1).max(MAX_EPOCHS + 1),
  turn: z.int().min(0),
  sentence: z.int().min(0),
  dropped: z.int().min(0),
  rests: z.array(z.array(z.int().min(0)).readonly()).readonly(),
  before: z.array(z.int().min(0)).readonly(),
});

/** Progress of training. Fields that only older versions wrote are dropped. */
export const progressSchema = z.object({
  /** Optimizer steps done. */
  step: z.int().min(0).max(MAX_STEPS),
  /** Epoch, from 1. Bounded, because the rotations of all epochs add up. */
  epoch: z.int().min(1).max(MAX_EPOCHS),
  /** First row of the last segment of this epoch that was used; null before the first. */
  lastStart: z.int().nullable(),
  /** Where sentences in random order go on; null for a text in order. */
  sentences: sentencePosition.nullable().default(null),
  /** Whether the evaluation of this step is still due, because a signal interrupted it. */
  evaluationDue: z.boolean().default(false),
  /** Smallest validation loss; null before the first evaluation. */
  bestLossNats: z.number().min(0).nullable(),
  /** State of `dev_perf`. */
  plateau: plateauState,
  /** The same of the rate of tables with sparse gradients; null if they have none of their own. */
  sparsePlateau: plateauState.nullable().default(null),
  /** Filled memory rows. */
  filled: z.int().min(0),
});

/** Progress of training. */
export type Progress = z.infer<typeof progressSchema>;

const textFiles = z.array(
  z.strictObject({ path: z.string(), bytes: z.int().min(0), sha256: z.string() }),
).readonly();

/** The training text; absent in files of older versions. */
const textIdentity = z.strictObject({
  split: z.enum(["files", "lines"]),
  train: textFiles,
  valid: textFiles,
  test: textFiles,
});

const trainingSchema = z.strictObject({
  config: trainSchema.extend({ compat: storedCompat }),
  progress: progressSchema,
  text: textIdentity.optional(),
});

/** The training record of a checkpoint. */
export type TrainingRecord = z.infer<typeof trainingSchema>;

/**
 * Writes a checkpoint atomically: a kill at any moment leaves the old file or the new one. Numbers are
 * read from the device in pieces, so the host holds one memory at a time and never a weight.
 *
 * All processes of a group call it together; the first one writes.
 */
export async function writeTrainingCheckpoint(
  path: string,
  step: TrainStep,
  group: ProcessGroup,
  vocabulary: Vocabulary,
  training: TrainingRecord,
): Promise<void> {
  const { memories, columns, model } = step;
  const { device, store } = model;
  const layers = [...memories[0]!.layers.keys()];
  if (group.rank > 0) return await giveMemories({ group, memories }, layers);
  const dtype = await floatDtype(device, store);
  const sources: SafetensorsSource[] = [
    ...parameterSources(device, store, weightsOf(store), "", dtype),
    ...Object.entries(step.optimizer.states).flatMap(([state, { layout, buffers }]) =>
      parameterSources(device, layout, buffers, statePrefix(state), dtype)
    ),
    vocabularySource(vocabulary),
  ];
  if (step.lossScale) sources.push(floatSource(LOSS_SCALE, [3], await step.lossScale.read()));
  const allColumns = columns * memories.length * group.size;
  const missing = new Set(layers);
  for (const layer of layers) {
    const shape = [memories[0]!.validRows, allColumns, model.config.dModel];
    const values = () => {
      missing.delete(layer);
      return gatherLayer({ group, memories }, layer);
    };
    sources.push({ name: memoryName(layer), shape, dtype, values });
  }
  try {
    await writeSafetensors(path, sources, checkpointMetadata(model.config, training));
  } catch (error) {
    // The other ranks send all layers, even if writing fails.
    if (error instanceof CheckpointError) await giveMemories({ group, memories }, [...missing]);
    throw error;
  }
}

/** Takes part in the exchange of memories, in the order in which rank 0 writes them. */
async function giveMemories(columns: ColumnSettings, layers: readonly number[]): Promise<void> {
  for (const layer of layers.toSorted((a, b) => memoryName(a) < memoryName(b) ? -1 : 1)) {
    const pieces = gatherLayer(columns, layer);
    await pieces.next(); // takes part in the exchange
    await pieces.return(undefined);
  }
}

/**
 * The training record of a checkpoint.
 *
 * @throws {CheckpointError} when the file holds no training state, or one that contradicts itself
 */
export function trainingRecord(checkpoint: ModelCheckpoint): TrainingRecord {
  return checkedRecord(checkpoint, trainingSchema);
}

/**
 * Restores optimizer states, the count of steps, and the memories of this process's columns; the
 * weights are loaded with the model.
 *
 * @param firstColumn number of the first column of this process
 * @throws {CheckpointError} when a tensor is missing or has another shape, or the loss scale is none
 */
export async function restoreTraining(
  checkpoint: ModelCheckpoint,
  step: TrainStep,
  progress: Progress,
  firstColumn: number,
): Promise<void> {
  // A run resumed in half precision after full precision starts with the initial scale.
  const isScaled = step.lossScale && !step.lossScale.fixed && checkpoint.file.has(LOSS_SCALE);
  const lossScale = isScaled ? await checkedLossScale(checkpoint) : undefined;
  const { device } = step.model;
  step.stepsDone = progress.step;
  for (const [state, { layout, buffers }] of Object.entries(step.optimizer.states)) {
    await loadParameters(device, layout, buffers, checkpoint, statePrefix(state));
  }
  for (const layer of step.memories[0]!.layers.keys()) {
    const name = memoryName(layer);
    const [rows, columns, width] = checkpoint.file.shape(name) as [number, number, number];
    const values = await readFloats(checkpoint.file, name);
    const stored: ColumnMemory = { values, shape: [rows, columns, width] };
    scatterLayer(stored, layer, step.memories, firstColumn, step.columns);
  }
  for (const memory of step.memories) memory.setValidRows(progress.filled);
  if (lossScale !== undefined) step.lossScale!.write(lossScale);
}

/** Scale, good updates since it changed, skipped ones in a row. */
async function checkedLossScale({ path, file }: ModelCheckpoint): Promise<ArrayLike<number>> {
  const state = await readFloats(file, LOSS_SCALE);
  const [scale = 0, ...counts] = state;
  if (scale > 0 && counts.every((count) => Number.isInteger(count) && count >= 0)) return state;
  throw unusable(path, `its loss scale is ${scale}, after ${counts.join(" and ")} updates`);
}
