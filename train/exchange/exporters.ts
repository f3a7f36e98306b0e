/**
 * Writers of exported files, by the setting that names the file.
 *
 * @module
 */
import { type ModelCheckpoint, saveWeights } from "@transformer-xl/model";
import type { ExportFlags, Output } from "./export_config.ts";

/**
 * Writes a checkpoint to a file, whole or not at all.
 *
 * @returns what is in the file
 * @throws {CheckpointError} when a weight cannot be stored, or the file cannot be written
 */
export type Exporter = (
  checkpoint: ModelCheckpoint,
  path: string,
  config: ExportFlags,
) => Promise<string>;

/** The writer of each format. */
export const EXPORTERS: Readonly<Record<Output["format"], Exporter>> = {
  async safetensors(checkpoint, path, { fp16 }) {
    await saveWeights(path, checkpoint, fp16 ? "F16" : "F32");
    return `weights in ${fp16 ? "half precision" : "float32"}, configuration and vocabulary`;
  },
};
