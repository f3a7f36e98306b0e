/**
 * The kernels of rows by distance, with their loops.
 *
 * @module
 */
import { elementwiseKernel, type Kernel } from "@transformer-xl/runtime/core";
import backwardSource from "./position_rows_backward.wgsl" with { type: "text" };
import source from "./position_rows.wgsl" with { type: "text" };

type Sizes = "count" | "columns" | "R" | "newest" | "maxDistance";

/** Row of the table that row j reads. */
function tableRow(j: number, { R, newest, maxDistance }: Readonly<Record<Sizes, number>>): number {
  return R - 1 - Math.min(Math.max(newest - j, 0), maxDistance);
}

/** Rows of a table by distance. */
export const POSITION_ROWS: Kernel = elementwiseKernel<"x" | "y", Sizes>(
  "position_rows",
  source,
  ({ x, y }, sizes) => {
    const { count, columns } = sizes;
    for (let i = 0; i < count; i++) {
      y[i] = x[tableRow(Math.floor(i / columns), sizes) * columns + i % columns]!;
    }
  },
);

/** Their derivative. */
export const POSITION_ROWS_BACKWARD: Kernel = elementwiseKernel<"dy" | "dx", Sizes | "rows">(
  "position_rows_backward",
  backwardSource,
  ({ dy, dx }, { rows, ...sizes }) => {
    const { count, columns } = sizes;
    const sums = new Float64Array(count);
    for (let j = 0; j < rows; j++) {
      const start = tableRow(j, sizes) * columns;
      for (let c = 0; c < columns; c++) sums[start + c]! += dy[j * columns + c]!;
    }
    for (let i = 0; i < count; i++) dx[i] = sums[i]!;
  },
);
