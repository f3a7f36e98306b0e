/**
 * One decoder layer: attention, then feed-forward.
 *
 * @module
 */
import type { ParameterStore, Recorder, Tensor } from "@transformer-xl/runtime/core";
import type {
  Attended,
  Attention,
  AttentionBlock,
  AttentionContext,
} from "./attention/attention.ts";
import type { ModelConfig } from "./config.ts";
import { FeedForward } from "./feed_forward.ts";
import type { MemoryLayer } from "./memory.ts";

/** One decoder layer. */
export class DecoderLayer {
  readonly #attention: AttentionBlock;
  readonly #feedForward: FeedForward;
  readonly #layer: number;

  constructor(store: ParameterStore, config: ModelConfig, layer: number, attention: Attention) {
    this.#layer = layer;
    this.#attention = attention.declare(store, config, layer);
    this.#feedForward = new FeedForward(store, config, layer);
  }

  /** [Q B, D] -> [Q B, D], and what the next memory is cut from. */
  forward(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Attended {
    const attended = this.#attention.record(rec, x, memory, context);
    rec.keepIntermediate(attended.y, `l${this.#layer}/post_attn`);
    const y = this.#feedForward.forward(rec, attended.y, context.drop);
    rec.keepIntermediate(y, `l${this.#layer}/out`);
    return { y, kept: attended.kept };
  }
}
