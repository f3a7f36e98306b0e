/**
 * A store of rows into selected rows of another matrix, in place. The row indices of a list are
 * distinct; the host computes the lists, because it knows the token ids.
 *
 * @module
 */
import { bytesOf, type Recorder, type Scalar, type Tensor } from "@transformer-xl/runtime/core";
import { launchScatter } from "./kernels.ts";

/** Options of {@link scatter}. */
export interface ScatterOptions {
  /** Factor, 1 by default. */
  readonly scale?: number;
  /** Add instead of replacing. */
  readonly accumulate?: boolean;
}

/**
 * Records `y[rows[i]] (+)= scale * x[i]` for i < count, in place; other rows of y stay. y is [R, C], x
 * is [capacity, C], rows is u32 [capacity] with distinct numbers. No derivative.
 *
 * @throws {ShapeError} when the sizes disagree
 */
export function scatter(
  rec: Recorder,
  y: Tensor,
  x: Tensor,
  rows: Tensor,
  count: number | Scalar,
  { scale = 1, accumulate = false }: ScatterOptions = {},
): void {
  const cost = { flops: 2 * x.size, bytes: bytesOf(x, rows, x, accumulate ? x : undefined) };
  rec.node("scatter", { inputs: { x, rows }, cost }, () => {
    launchScatter(rec, x, rows, y, count, { factor: scale, accumulate });
  });
}
