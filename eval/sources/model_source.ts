/**
 * Interface of the models that an evaluation scores with: of a checkpoint, or of random weights.
 *
 * @module
 */
import type { Model, ModelConfig } from "@transformer-xl/model";
import type { Device } from "@transformer-xl/runtime";
import type { ScoredTexts } from "../text/scored_text.ts";

/** A model before it is on a device. */
export interface ModelSource extends Disposable {
  /** Path of the checkpoint, or what stands for it in messages. */
  readonly name: string;
  /** The model. */
  readonly config: ModelConfig;
  /** Whether losses are reported in bits per character. */
  readonly characters: boolean;
  /** Digest of the weights, which ranks compare; "none" where settings determine them. */
  readonly digest: string;
  /** Lines about the model. */
  readonly lines: readonly string[];
  /**
   * Opens the text to score.
   *
   * @param cacheDir folder of the cache; none if undefined
   * @param announce called with the location of the text before it is opened
   * @throws {ConfigError} when a data set needs a folder and none is given
   * @throws {DataError} when the text is missing, lacks a split, or has a symbol without an id
   */
  texts(cacheDir: string | undefined, announce: (line: string) => void): Promise<ScoredTexts>;
  /**
   * Places the model on a device.
   *
   * @param config in place of its own, for other attention spans
   * @throws {CheckpointError} when weights are not finite
   * @throws {DeviceError} when memory is short, or the device lacks half precision
   */
  create(device: Device, config: ModelConfig, fp16: boolean): Promise<Model>;
}
