/**
 * Checkpoints on disk.
 *
 * @module
 */
import { SafetensorsFile } from "@transformer-xl/runtime";
import { type ModelCheckpoint, readCheckpoint } from "./checkpoint.ts";

/**
 * Opens a checkpoint, verifies it and checks its consistency.
 *
 * @throws {CheckpointError} when it is missing, damaged, contradicts itself, holds numbers that are
 * not finite, or is not a checkpoint of this program
 */
export async function openCheckpoint(path: string): Promise<ModelCheckpoint> {
  return await readCheckpoint(await SafetensorsFile.open(path));
}
