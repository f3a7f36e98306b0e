/**
 * Residual sums of pre-norm layers. The layer norm that reads such a sum forms it, so that a block ends
 * with its product and hands over both terms.
 *
 * @module
 */
import { type Dropout, layerNorm, residualNorm, type RowsAbove } from "@transformer-xl/kernels";
import { add, type Recorder, Tensor } from "@transformer-xl/runtime/core";
import { dropped } from "../dropout_masks.ts";

/** residual + drop(branch), not formed yet. */
export interface PendingSum {
  /** [R, D]: input of the block. */
  readonly residual: Tensor;
  /** [R, D]: output of the block. */
  readonly branch: Tensor;
  /** Of the branch. */
  readonly dropout: Dropout | undefined;
  /** Name of the sum as an intermediate value. */
  readonly name: string;
}

/** Rows of the network between two blocks, [R, D]. */
export type Hidden = Tensor | PendingSum;

/** Records the rows themselves. */
export function rowsOf(rec: Recorder, hidden: Hidden): Tensor {
  if (hidden instanceof Tensor) return hidden;
  const { residual, branch, dropout, name } = hidden;
  const sum = add(rec, residual, dropped(rec, branch, dropout));
  rec.keepIntermediate(sum, name);
  return sum;
}

/** Rows and their norm. */
export interface NormedRows {
  /** [R, D]. */
  readonly x: Tensor;
  /** [Rm + R, D]: rows above them, then x. */
  readonly rows: Tensor;
  /** [Rm + R, D]: their norm. */
  readonly normed: Tensor;
}

/** Records the norm of rows. */
export function normedRows(
  rec: Recorder,
  hidden: Hidden,
  { gain, bias }: { readonly gain: Tensor; readonly bias: Tensor },
): NormedRows {
  if (hidden instanceof Tensor) {
    return { x: hidden, rows: hidden, normed: layerNorm(rec, hidden, gain, bias) };
  }
  return normedSum(rec, hidden, { gain, bias });
}

/** Records the norm of a sum, and of rows above it. */
export function normedSum(
  rec: Recorder,
  { residual, branch, dropout, name }: PendingSum,
  { gain, bias }: { readonly gain: Tensor; readonly bias: Tensor },
  above?: RowsAbove,
): NormedRows {
  const options = { dropout, above };
  const { sum, rows, y } = residualNorm(rec, branch, residual, gain, bias, options);
  rec.keepIntermediate(sum, name);
  return { x: sum, rows, normed: y };
}
