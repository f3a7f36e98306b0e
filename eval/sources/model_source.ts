/**
 * Interface of the models that an evaluation scores with: of a checkpoint, or of random weights.
 *
 * @module
 */
import type { ModelConfig } from "@transformer-xl/model";
import type { EvalConfig } from "../config.ts";
import type { ScoringRuntime } from "../scorers/scoring_runtime.ts";
import type { FixedSettings } from "../settings/onnx_settings.ts";
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
  /** Fingerprint of its symbols; "none" where the text decides on them. */
  readonly fingerprint: string;
  /** Lines about the model. */
  readonly lines: readonly string[];
  /** Settings that its file determines; undefined where the command line does. */
  readonly fixed?: FixedSettings;
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
   * Opens what the model computes in.
   *
   * @param notice receives one sentence about it
   * @throws {DeviceError} when it is missing or unsuitable
   */
  openRuntime(config: EvalConfig, notice: (sentence: string) => void): Promise<ScoringRuntime>;
}
