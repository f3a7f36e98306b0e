/**
 * One decoder layer: attention, then feed-forward.
 *
 * @module
 */
import type { ParameterStore, Recorder, Tensor } from "@transformer-xl/runtime/core";
import {
  Attention,
  type AttentionBiases,
  type AttentionContext,
} from "./attention/relative_attention_block.ts";
import type { ModelConfig } from "./config.ts";
import { FeedForward } from "./feed_forward.ts";

/** One decoder layer. */
export class DecoderLayer {
  readonly #attention: Attention;
  readonly #feedForward: FeedForward;
  readonly #layer: number;

  constructor(store: ParameterStore, shape: ModelConfig, layer: number, biases: AttentionBiases) {
    this.#layer = layer;
    this.#attention = new Attention(store, shape, layer, biases);
    this.#feedForward = new FeedForward(store, shape, layer);
  }

  /** [Q B, D] -> [Q B, D], and the source of the next memory, [K B, D]. */
  forward(
    rec: Recorder,
    x: Tensor,
    memory: Tensor | undefined,
    context: AttentionContext,
  ): { readonly y: Tensor; readonly context: Tensor } {
    const attended = this.#attention.forward(rec, x, memory, context);
    rec.keepIntermediate(attended.y, `l${this.#layer}/post_attn`);
    const y = this.#feedForward.forward(rec, attended.y, context.drop);
    rec.keepIntermediate(y, `l${this.#layer}/out`);
    return { y, context: attended.context };
  }
}
