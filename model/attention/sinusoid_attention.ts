/**
 * Kind 2: sinusoids added to the embedding (Vaswani et al. 2017, section 3.5), before the dropout of
 * the first layer's input.
 *
 * @module
 */
import { concat, positionRows, slice } from "@transformer-xl/kernels";
import type { ParameterStore, Recorder, Tensor } from "@transformer-xl/runtime/core";
import { keysOf, type ModelConfig } from "../config.ts";
import { dropped } from "../dropout_masks.ts";
import type { MemoryLayer } from "../memory.ts";
import { COMPAT_RULES } from "../settings/compat.ts";
import { AbsoluteAttentionBlock, positionedRows } from "./absolute_attention.ts";
import {
  type Attention,
  type AttentionBlock,
  type AttentionContext,
  currentRows,
  joinedRows,
  type LayerRows,
} from "./attention.ts";
import { positionalConstant } from "./positional_embedding.ts";

/** Inputs shared by all layers of a recording. */
interface SinusoidContext extends AttentionContext {
  /** [K, D], one row per row of [memory; input]. */
  readonly positions: Tensor;
}

/** Attention over rows that carry the sinusoid of their position from the first layer on. */
export class SinusoidAttention implements Attention {
  readonly #config: ModelConfig;

  /** Declares nothing: all parameters belong to layers. */
  constructor(_store: ParameterStore, config: ModelConfig) {
    this.#config = config;
  }

  /** See {@link Attention.declare}. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock {
    const rows = layer === 0
      ? (rec: Recorder, x: Tensor, memory: MemoryLayer | undefined, context: AttentionContext) =>
        this.#firstRows(rec, x, memory, context as SinusoidContext)
      : joinedRows;
    return new AbsoluteAttentionBlock(store, config, layer, rows);
  }

  /** See {@link Attention.attendsToJoined}. */
  attendsToJoined(layer: number): boolean {
    return layer > 0;
  }

  /** Records the positions of all rows. */
  begin(rec: Recorder, context: AttentionContext): SinusoidContext {
    const table = positionalConstant(rec, this.#config, context);
    const K = keysOf(context.lengths);
    const newest = context.newestRow ?? K - 1;
    const positions = positionRows(rec, table, { count: K, newest, maxDistance: K - 1 });
    return { ...context, positions };
  }

  /** See {@link Attention.enter}: the first block adds positions before the dropout. */
  enter(_rec: Recorder, embedded: Tensor): Tensor {
    return embedded;
  }

  /**
   * The rows of the first layer, with positions and dropout. The reference drops out current rows
   * alone, because its memory holds them after dropout.
   */
  #firstRows(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    { positions, lengths, drop }: SinusoidContext,
  ): LayerRows {
    const { batchSize: B, memLen: M } = lengths;
    const { dropout, compat } = this.#config;
    const site = drop("word_emb", dropout);
    const { context: whole, kept } = positionedRows(rec, x, memory, positions, this.#config);
    if (!COMPAT_RULES[compat].keepsPositions || M === 0) {
      const context = dropped(rec, whole, site);
      return { x: currentRows(rec, context, lengths), context, kept };
    }
    const dropsX = dropped(rec, currentRows(rec, whole, lengths), site);
    const context = site === undefined
      ? whole
      : concat(rec, slice(rec, whole, { start: 0, count: M * B }), dropsX);
    return { x: dropsX, context, kept: context };
  }
}
