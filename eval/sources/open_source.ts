/**
 * Choice of the model that an evaluation scores with.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";
import { type EvalConfig, lengthsOf } from "../config.ts";
import { manualModel } from "../settings/manual_config.ts";
import { checkpointSource } from "./checkpoint_source.ts";
import type { ModelSource } from "./model_source.ts";
import { randomSource } from "./random_source.ts";

/**
 * Opens the checkpoint of the flags, or describes the model of random weights.
 *
 * @throws {ConfigError} when the description is wrong
 * @throws {CheckpointError} when there is no checkpoint, or it is damaged
 */
export async function openSource(config: EvalConfig, group: ProcessGroup): Promise<ModelSource> {
  return config.manualConfig === null
    ? await checkpointSource(config, group)
    : randomSource(config, manualModel(config.manualConfig, lengthsOf(config)));
}
