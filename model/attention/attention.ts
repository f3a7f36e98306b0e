/**
 * Interface of attention kinds. A kind is one file: it declares the parameters of its blocks, those
 * that all layers share included, and records them. `kinds.ts` lists the kinds.
 *
 * @module
 */
import type { ParameterStore, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import type { Lengths, ModelConfig } from "../config.ts";
import type { DropoutSource } from "../dropout_masks.ts";
import type { MemoryLayer } from "../memory.ts";
import type { Precision } from "../precision.ts";

/** What the attention of one recording gets from the model. */
export interface AttentionContext {
  /** Lengths of the recording. */
  readonly lengths: Lengths;
  /** Width of the numbers. */
  readonly precision: Precision;
  /** Valid memory rows. */
  readonly validMemory: Scalar;
  /** Masks. */
  readonly drop: DropoutSource;
}

/** The attention block of one layer: projections, attention, residual connection, layer norm. */
export interface AttentionBlock {
  /**
   * Records the block.
   *
   * @param x [Q B, D]
   * @param memory that of the layer; absent without memory
   * @param context that of {@link Attention.begin}
   * @returns the block's output [Q B, D], and the concatenation of memory and x [K B, D]
   */
  record(
    rec: Recorder,
    x: Tensor,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): { readonly y: Tensor; readonly context: Tensor };
}

/** Attention of one kind in one model. Opening it declares the parameters that all layers share. */
export interface Attention {
  /** Declares the parameters of one layer's block. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock;
  /** Records what all blocks of a recording read, before the first of them; adds it to the context. */
  begin(rec: Recorder, context: AttentionContext): AttentionContext;
}
