/**
 * Interface of runtimes: what a model computes in. The kernels of this program on a device are one,
 * ONNX Runtime is another.
 *
 * @module
 */
import type { LengthSettings, ModelConfig } from "@transformer-xl/model";
import type { DeviceFacts, Role } from "@transformer-xl/runtime";
import type { ScorerOptions } from "./plan_scorer.ts";
import type { RankingScorer, Scorer } from "./scorer.ts";

/** A model in its runtime. The caller owns it. */
export interface ScoringModel extends Disposable {
  /** Bytes that stay allocated, by role. */
  readonly bytesByRole: ReadonlyMap<Role, number>;
  /**
   * Opens a scorer.
   *
   * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  scorer(lengths: LengthSettings, options: ScorerOptions): Promise<Scorer>;
  /** Opens a scorer that ranks targets among all words, see {@link ScoringModel.scorer}. */
  rankingScorer(lengths: LengthSettings, options: ScorerOptions): Promise<RankingScorer>;
}

/** A runtime without a model. The caller owns it, and disposes it after the model. */
export interface ScoringRuntime extends Disposable {
  /** Its name in results. */
  readonly name: string;
  /** Width of its numbers. */
  readonly math: "fp32" | "fp16";
  /** Where it computes. */
  readonly info: DeviceFacts;
  /**
   * Loads the model.
   *
   * @param config in place of the stored one, for other attention spans
   * @throws {CheckpointError} when the weights are not those of a model, or not finite
   * @throws {DeviceError} when memory is short, or the device lacks half precision
   */
  load(config: ModelConfig): Promise<ScoringModel>;
}
