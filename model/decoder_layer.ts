/**
 * One decoder layer: attention, then feed-forward.
 *
 * @module
 */
import type { ParameterStore, Recorder } from "@transformer-xl/runtime/core";
import type {
  Attended,
  Attention,
  AttentionBlock,
  AttentionContext,
} from "./attention/attention.ts";
import type { ModelConfig } from "./config.ts";
import { FeedForward } from "./feed_forward.ts";
import type { MemoryLayer } from "./memory.ts";
import type { Hidden } from "./attention/residual.ts";

/** One decoder layer. */
export class DecoderLayer {
  readonly #attention: AttentionBlock;
  readonly #feedForward: FeedForward;

  constructor(store: ParameterStore, config: ModelConfig, layer: number, attention: Attention) {
    this.#attention = attention.declare(store, config, layer);
    this.#feedForward = new FeedForward(store, config, layer);
  }

  /** [Q B, D] -> [Q B, D], and what the next memory is cut from. */
  forward(
    rec: Recorder,
    x: Hidden,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Attended {
    const { y, kept } = this.#attention.record(rec, x, memory, context);
    return { y: this.#feedForward.forward(rec, y, context.drop), kept };
  }
}
