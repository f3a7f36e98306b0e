/**
 * The attention kinds by `--attn_type`.
 *
 * @module
 */
import type { ParameterStore } from "@transformer-xl/runtime/core";
import type { AttentionType, ModelConfig } from "../config.ts";
import type { Attention } from "./attention.ts";
import { LearnedAttention } from "./learned_attention.ts";
import { LearnedRelativeAttention } from "./learned_relative_attention.ts";
import { RelativeAttention } from "./relative_attention.ts";
import { SinusoidAttention } from "./sinusoid_attention.ts";

const KINDS: Readonly<
  Record<AttentionType, new (store: ParameterStore, config: ModelConfig) => Attention>
> = {
  0: RelativeAttention,
  1: LearnedRelativeAttention,
  2: SinusoidAttention,
  3: LearnedAttention,
};

/** The attention of a model: declares what its layers share. */
export function openAttention(store: ParameterStore, config: ModelConfig): Attention {
  return new KINDS[config.attnType](store, config);
}
