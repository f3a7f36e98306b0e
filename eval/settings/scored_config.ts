/**
 * The model configuration that an evaluation scores with.
 *
 * @module
 */
import type { Compat, ModelConfig } from "@transformer-xl/model";

/** Settings of a command line that replace those of a model. */
export interface SpanSettings {
  /** Largest distance; null: that of the model. */
  readonly clampLen: number | null;
  /** Whether every token sees as many keys; null: as in the model. */
  readonly sameLength: boolean | null;
  /** Version that is followed; auto: that of the model. */
  readonly compat: "auto" | Compat;
}

/** A model with other attention spans. */
export function scoredConfig(
  { clampLen, sameLength, compat }: SpanSettings,
  config: ModelConfig,
): ModelConfig {
  return {
    ...config,
    clampLen: clampLen ?? config.clampLen,
    sameLength: sameLength ?? config.sameLength,
    compat: compat === "auto" ? config.compat : compat,
  };
}
