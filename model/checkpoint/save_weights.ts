/**
 * The weights of a checkpoint as a smaller checkpoint, without the state of training.
 *
 * @module
 */
import { writeSafetensors } from "@transformer-xl/runtime";
import { checkpointMetadata, type ModelCheckpoint, vocabularySource } from "./checkpoint.ts";
import { trainedRecord } from "./trained_facts.ts";
import { storedWeights, type WeightDtype } from "./stored_weights.ts";

/**
 * Writes weights, model configuration and vocabulary, and the data set and lengths of training if they
 * are known, atomically; `loadModel`, evaluation, generation and fine-tuning read the file.
 *
 * @throws {CheckpointError} when a weight is beyond half precision, or the file cannot be written
 */
export async function saveWeights(
  path: string,
  checkpoint: ModelCheckpoint,
  dtype: WeightDtype = "F32",
): Promise<void> {
  await writeSafetensors(path, [
    ...storedWeights(checkpoint, dtype),
    vocabularySource(checkpoint.vocabulary),
  ], checkpointMetadata(checkpoint.config, undefined, trainedRecord(checkpoint)));
}
