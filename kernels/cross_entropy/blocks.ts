/**
 * Column ranges of a softmax over the vocabulary, and the layout of its logits.
 *
 * @module
 */
import { PackedParameter, type Recorder, type Tensor } from "@transformer-xl/runtime/core";

/** Consecutive columns of one softmax. */
export interface VocabularyBlock {
  /** [V of the block, D]. */
  readonly weight: Tensor;
  /** [V of the block]. */
  readonly bias: Tensor;
}

const LOGITS_BYTES = 64 * 2 ** 20;
const MAX_ROWS = 1536;

/** Columns of all blocks. */
export function columnsOf(blocks: readonly VocabularyBlock[]): number {
  return blocks.reduce((sum, { bias }) => sum + bias.size, 0);
}

/** Equal chunks whose logits fit the memory limit, in whole tiles if possible. */
export function chunkRows(rec: Recorder, R: number, rowBytes: number): number {
  const bytes = Math.min(rec.limits.maxBindingBytes, LOGITS_BYTES);
  const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(bytes / rowBytes)));
  const even = Math.ceil(R / Math.ceil(R / most));
  return Math.min(most, Math.ceil(even / 64) * 64);
}

/**
 * The gradient that an op which differentiates in its forward pass adds to.
 *
 * @throws {TypeError} when the tensor is not a parameter
 */
export function gradientOf(op: string, tensor: Tensor): Tensor {
  if (tensor instanceof PackedParameter) return tensor.gradient;
  throw new TypeError(
    `Cannot differentiate ${op}: "${tensor.label}" is not a parameter of a store, ` +
      "and only parameters have a gradient to add to; record with differentiate false",
  );
}

/** The factor of a loss that is not scaled. */
export function noLossScale(rec: Recorder): Tensor {
  return rec.constant("no loss scale", [1], "f32", Float32Array.of(1));
}

/**
 * The cotangent that was formed in the forward pass.
 *
 * @throws {TypeError} when the op was recorded without
 */
export function formedGradient(op: string, dhidden: Tensor | undefined): { hidden: Tensor } {
  if (dhidden !== undefined) return { hidden: dhidden };
  throw new TypeError(
    `Cannot differentiate ${op}: it was recorded with differentiate false, expected true`,
  );
}
