/**
 * A checkpoint of weights and vocabulary, without the state of training.
 *
 * @module
 */
import { ConfigError, weightsOf, writeSafetensors } from "@transformer-xl/runtime";
import type { Model } from "../build.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";
import {
  checkpointMetadata,
  floatDtype,
  parameterSources,
  vocabularySource,
} from "./checkpoint.ts";

/**
 * Saves a model for `loadModel` and `deno task eval`, atomically.
 *
 * @throws {ConfigError} when the vocabulary has another size than the model's
 */
export async function saveModel(path: string, model: Model, vocabulary: Vocabulary): Promise<void> {
  const { device, store, config } = model;
  if (vocabulary.size !== config.nToken) {
    throw new ConfigError(
      `Cannot save "${path}" with ${vocabulary.size} symbols: the model has ${config.nToken}; ` +
        "give the vocabulary it was trained on",
    );
  }
  const dtype = await floatDtype(device, store);
  await writeSafetensors(path, [
    ...parameterSources(device, store, weightsOf(store), "", dtype),
    vocabularySource(vocabulary),
  ], checkpointMetadata(config));
}
