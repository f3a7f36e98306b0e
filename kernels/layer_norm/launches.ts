/**
 * The launches of norms of rows, with their dropout.
 *
 * @module
 */
import type { Kernel, Recorder, Scalar, Tensor } from "@transformer-xl/runtime/core";
import type { Dropout } from "../dropout/mod.ts";
import { maskScalars, type PhiloxMask } from "../shared/dropout/mask.ts";
import { itemWidth } from "../shared/items/item_width.ts";
import { rowLanes } from "../shared/row_lanes.ts";
import { LAYER_NORM, type LayerNormKernels } from "./kernels.ts";

/** Added to the variance by default. */
export const EPS = 1e-5;

/** A dropout whose mask kernels can draw. */
export interface PhiloxDropout {
  readonly rate: number;
  readonly mask: PhiloxMask;
}

/**
 * The dropout of x [R, D] as kernels of rows draw it; undefined where it has to be a launch of its own:
 * of a given mask, and of rows that hold no whole blocks of eight numbers, of which a lane draws the
 * mask at once.
 */
export function drawnInRows(
  x: Tensor,
  { rate, mask }: Dropout,
): PhiloxDropout | undefined {
  return mask.kind === "given" || x.shape[1]! % 8 !== 0 ? undefined : { rate, mask };
}

/** Rows of a matrix, the items in one, and the kernels for them. */
export function itemsOf(
  { shape }: Tensor,
): { readonly rows: number; readonly columns: number; readonly kernels: LayerNormKernels } {
  const [rows, D] = shape as [number, number];
  const width = itemWidth(D);
  return { rows, columns: D / width, kernels: LAYER_NORM[width] };
}

/** Records a kernel that reduces every row. */
export function launchRows(
  rec: Recorder,
  kernel: Kernel,
  operands: Readonly<Record<string, Tensor>>,
  { rows, ...scalars }: { readonly rows: number } & Readonly<Record<string, number | Scalar>>,
): void {
  const lanes = rowLanes(rec.limits);
  rec.launch({
    kernel,
    operands,
    constants: { ...lanes },
    scalars: { rows, ...scalars },
    threads: rows * lanes.LANES,
  });
}

/** The scalars of a kernel that draws this dropout; none without one. */
export function drawn(
  dropout: PhiloxDropout | undefined,
): Readonly<Record<string, number | Scalar>> {
  return dropout === undefined ? {} : maskScalars(dropout.mask, dropout.rate);
}
