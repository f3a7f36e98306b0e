/**
 * Interface of attention kinds. A kind is one file: it declares the parameters of its blocks, those
 * that all layers share included, and records them. `kinds.ts` lists the kinds.
 *
 * @module
 */
import { type AttentionForm, slice } from "@transformer-xl/kernels";
import type { ParameterStore, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import type { Lengths, ModelConfig } from "../config.ts";
import type { DropoutSource } from "../dropout_masks.ts";
import type { MemoryLayer } from "../memory.ts";
import type { Precision } from "../precision.ts";
import type { Hidden } from "./residual.ts";

/** What the positions of one recording depend on. */
export interface PositionContext {
  /** Lengths of the recording. */
  readonly lengths: Lengths;
  /** Width of the numbers. */
  readonly precision: Precision;
}

/** Keys of more rows than memory and segment: rows behind those of the segment are hidden. */
export interface WindowOfKeys {
  /** K: all rows. */
  readonly rows: number;
  /** The first row of the segment. */
  readonly first: Scalar;
}

/**
 * Called for every layer of a recording with how far its queries look, [B, N, Q, 2]: the mean distance
 * of what they attend to, in rows, and the share of it in the memory. They are not recorded unless
 * there is a listener.
 */
export type DistanceListener = (distances: Tensor, layer: number) => void;

/** What the attention of one recording gets from the model. */
export interface AttentionContext extends PositionContext {
  /** Projected positions of every layer, [K, N H] each; projected in the recording when absent. */
  readonly projectedPositions?: readonly Tensor[] | undefined;
  /** Where the memory joins the segment in a window; they are all keys when absent. */
  readonly window?: WindowOfKeys | undefined;
  /** Valid memory rows. */
  readonly validMemory: Scalar;
  /** Last row of [memory; input] that is not padding; set for kinds with absolute positions. */
  readonly newestRow: Scalar | undefined;
  /** Masks. */
  readonly drop: DropoutSource;
  /** Whether a gradient is recorded. */
  readonly differentiate: boolean;
  /** Form of the attention; chosen by size when absent. */
  readonly form?: AttentionForm | undefined;
  /** Receives the distances of every layer's attention, see {@link DistanceListener}. */
  readonly onDistances?: DistanceListener | undefined;
}

/** The rows of one layer. */
export interface LayerRows {
  /** [Q B, D]: rows of the segment. */
  readonly x: Tensor;
  /** [K B, D]: rows that are attended to, those of the memory first. */
  readonly context: Tensor;
  /** [K B, D]: what the next memory is cut from. */
  readonly kept: Tensor;
  /** The first row of `context` that is x, where x lies in it as it is. */
  readonly firstOfX?: number;
}

/** The result of a block. */
export interface Attended {
  /** [Q B, D]. */
  readonly y: Hidden;
  /** [K B, C]: what the next memory is cut from. */
  readonly kept: Tensor;
}

/** The attention block of one layer: projections, attention, residual connection, layer norm. */
export interface AttentionBlock {
  /**
   * Records the block.
   *
   * @param x [Q B, D]
   * @param memory that of the layer; absent without memory
   * @param context that of {@link Attention.begin}
   */
  record(
    rec: Recorder,
    x: Hidden,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Attended;
}

/** Attention of one kind in one model. Opening it declares the parameters that all layers share. */
export interface Attention {
  /** Declares the parameters of one layer's block. */
  declare(store: ParameterStore, config: ModelConfig, layer: number): AttentionBlock;
  /** Whether a layer attends to [memory; x] as it is, without positions added to its rows. */
  attendsToJoined(layer: number): boolean;
  /**
   * Records the projected positions of all layers into `layers`, [K, N H] each. They depend on weights
   * and lengths alone. Absent in kinds that project none.
   */
  readonly projectPositions?: (
    rec: Recorder,
    context: PositionContext,
    layers: readonly Tensor[],
  ) => void;
  /** Records what all blocks of a recording read, before the first of them; adds it to the context. */
  begin(rec: Recorder, context: AttentionContext): AttentionContext;
  /**
   * Records the input of the first block from the embedding, [Q B, D]: its dropout, unless the block
   * adds positions before.
   */
  enter(rec: Recorder, embedded: Tensor, context: AttentionContext): Tensor;
}

/** The rows of a layer that adds no positions: the memory, then x. */
export function joinedRows(
  rec: Recorder,
  x: Tensor,
  memory: MemoryLayer | undefined,
): LayerRows {
  if (memory === undefined) return { x, context: x, kept: x };
  const context = memory.join(rec, x);
  return { x, context, kept: context, firstOfX: memory.rows.shape[0]! };
}

/** Records the rows of the segment among all rows of a layer: [K B, D] -> [Q B, D]. */
export function currentRows(
  rec: Recorder,
  rows: Tensor,
  { batchSize: B, tgtLen: T, extLen: E, memLen: M }: Lengths,
): Tensor {
  return M === 0 ? rows : slice(rec, rows, { start: M * B, count: (E + T) * B });
}
