/**
 * The model of a checkpoint.
 *
 * @module
 */
import {
  isOfCharacters,
  modelOfCheckpoint,
  openCheckpoint,
  openShared,
  unverifiedLine,
} from "@transformer-xl/model";
import type { ProcessGroup } from "@transformer-xl/runtime";
import { deviceSettings, type EvalConfig } from "../config.ts";
import { findCheckpoint, lastForBest } from "../find_checkpoint.ts";
import { assertFiniteWeights } from "../finite.ts";
import { openDeviceRuntime } from "../scorers/device_runtime.ts";
import { scoredTexts } from "../text/scored_text.ts";
import type { ModelSource } from "./model_source.ts";

/**
 * Opens the checkpoint of the flags, which is that of rank 0.
 *
 * @throws {CheckpointError} when there is none, or it is damaged
 * @throws {GroupError} when a rank can neither find nor receive it
 */
export async function checkpointSource(
  config: EvalConfig,
  group: ProcessGroup,
): Promise<ModelSource> {
  const shared = await openShared(
    group,
    async () => await openCheckpoint(await findCheckpoint(config)),
  );
  const checkpoint = shared.checkpoint!;
  return {
    name: checkpoint.path,
    config: checkpoint.config,
    characters: isOfCharacters(checkpoint.vocabulary.kind),
    digest: shared.digest,
    fingerprint: checkpoint.vocabulary.fingerprint,
    lines: [unverifiedLine(checkpoint), lastForBest(config, checkpoint.path)]
      .filter((line) => line !== undefined),
    texts: (cacheDir, announce) => scoredTexts(config, checkpoint, cacheDir, announce),
    openRuntime: (config, notice) =>
      openDeviceRuntime({ ...deviceSettings(config), notice }, async (device, config, fp16) => {
        const model = await modelOfCheckpoint(device, checkpoint, { config, fp16 });
        await assertFiniteWeights(device, model.store, checkpoint.path);
        return model;
      }),
    [Symbol.dispose]: () => shared[Symbol.dispose](),
  };
}
