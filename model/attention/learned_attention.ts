/**
 * Kind 3: learned positions added to the input of every layer (Al-Rfou et al. 2019, section 3).
 *
 * @module
 */
import { positionRows } from "@transformer-xl/kernels";
import {
  type PackedParameter,
  type ParameterStore,
  type Recorder,
  reshape,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { expectRows, keysOf, type ModelConfig } from "../config.ts";
import { dropped } from "../dropout_masks.ts";
import { matrixInit } from "../init.ts";
import type { MemoryLayer } from "../memory.ts";
import { AbsoluteAttentionBlock, positionedRows } from "./absolute_attention.ts";
import {
  type Attention,
  type AttentionBlock,
  type AttentionContext,
  currentRows,
  type LayerRows,
} from "./attention.ts";
import { largestLearnedDistance, layerTables } from "./learned_tables.ts";

/** Attention over rows that get the learned position of their distance in every layer. */
export class LearnedAttention implements Attention {
  readonly #config: ModelConfig;
  readonly #tables: readonly PackedParameter[]; // [1, R, D] each: `r_emb`

  /** Declares the tables. */
  constructor(store: ParameterStore, config: ModelConfig) {
    const { positionRows: R, dModel } = config;
    this.#config = config;
    this.#tables = layerTables(store, config, "r_emb", [R, dModel], matrixInit(config));
  }

  /** See {@link Attention.declare}. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock {
    return new AbsoluteAttentionBlock(
      store,
      config,
      layer,
      (rec, x, memory, context) => this.#rows(rec, x, memory, layer, context),
    );
  }

  /** See {@link Attention.attendsToJoined}. */
  attendsToJoined(): boolean {
    return false;
  }

  /**
   * Checks the length of the tables.
   *
   * @throws {ConfigError} if they are too short for the reference
   */
  begin(_rec: Recorder, context: AttentionContext): AttentionContext {
    expectRows(this.#config, context.lengths);
    return context;
  }

  /** See {@link Attention.enter}. */
  enter(rec: Recorder, embedded: Tensor, { drop }: AttentionContext): Tensor {
    return dropped(rec, embedded, drop("word_emb", this.#config.dropout));
  }

  #rows(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    layer: number,
    { lengths, newestRow }: AttentionContext,
  ): LayerRows {
    const { positionRows: R, dModel: D } = this.#config;
    const K = keysOf(lengths);
    const positions = positionRows(rec, reshape(rec, this.#tables[layer]!, [R, D]), {
      count: K,
      newest: newestRow ?? K - 1,
      maxDistance: largestLearnedDistance(this.#config),
    });
    const { context, kept } = positionedRows(rec, x, memory, positions, this.#config);
    return { x: currentRows(rec, context, lengths), context, kept };
  }
}
