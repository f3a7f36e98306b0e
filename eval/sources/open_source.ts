/**
 * Choice of the model that an evaluation scores with.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";
import { type EvalConfig, lengthsOf } from "../config.ts";
import { manualModel } from "../settings/manual_config.ts";
import { checkpointSource } from "./checkpoint_source.ts";
import { onnxSource } from "./onnx_source.ts";
import type { ModelSource } from "./model_source.ts";
import { randomSource } from "./random_source.ts";

/**
 * Opens the checkpoint or the ONNX file of the flags, or describes the model of random weights.
 *
 * @throws {ConfigError} when the description is wrong
 * @throws {CheckpointError} when there is no such file, or it is damaged
 */
export async function openSource(config: EvalConfig, group: ProcessGroup): Promise<ModelSource> {
  if (config.type === "onnx") return await onnxSource(config, config.model!);
  return config.manualConfig === null
    ? await checkpointSource(config, group)
    : randomSource(config, manualModel(config.manualConfig, lengthsOf(config)));
}
