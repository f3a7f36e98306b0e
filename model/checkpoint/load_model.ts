/**
 * A model from a checkpoint on disk.
 *
 * @module
 */
import type { Device } from "@transformer-xl/runtime";
import { type LoadedModel, type LoadOptions, modelOfCheckpoint } from "../build.ts";
import { openCheckpoint } from "./open_checkpoint.ts";

/**
 * Loads a model with its vocabulary.
 *
 * @param path a checkpoint of training, or of `saveModel`
 * @param options `config` replaces the stored configuration, for other attention spans
 * @throws {CheckpointError} when it is missing, damaged or contradicts itself
 * @throws {DeviceError} when memory is short, or the device lacks half precision
 */
export async function loadModel(
  device: Device,
  path: string,
  options: LoadOptions = {},
): Promise<LoadedModel> {
  using checkpoint = await openCheckpoint(path);
  return await modelOfCheckpoint(device, checkpoint, options);
}
