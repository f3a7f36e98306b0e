/**
 * The kernel that copies a run of rows, with its loop; appending and slicing use it as well.
 *
 * @module
 */
import {
  dims,
  elementwiseKernel,
  type Kernel,
  launchElementwise,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { itemSource, type ItemWidth, itemWidth } from "../shared/items/item_width.ts";
import source from "./copy_rows.wgsl" with { type: "text" };

const copyRowsOf = (width: ItemWidth): Kernel =>
  elementwiseKernel<
    "x" | "y",
    "count" | "columns" | "x_start" | "x_back" | "x_rows" | "y_start"
  >("copy_rows", itemSource(width, source), ({ x, y }, { count, columns, ...s }) => {
    const C = width * columns;
    const shift = (s.x_start - s.x_back) * C;
    const end = s.x_rows * C;
    const start = s.y_start * C;
    const total = width * count;
    const first = Math.min(Math.max(0, -shift), total);
    const behind = Math.max(first, Math.min(total, end - shift));
    y.fill(0, start, start + first);
    y.set(x.subarray(first + shift, behind + shift), start + first);
    y.fill(0, start + behind, start + total);
  });

const COPY_ROWS: Readonly<Record<ItemWidth, Kernel>> = { 1: copyRowsOf(1), 4: copyRowsOf(4) };

/** Records y[yStart + r] = x[r + xStart - xBack] for r < count; zero outside of x. */
export function launchCopyRows(
  rec: Recorder,
  x: Tensor,
  y: Tensor,
  at: {
    readonly count: number;
    readonly xStart?: number | Scalar;
    readonly xBack?: number | Scalar;
    readonly yStart?: number | Scalar;
  },
): void {
  const { R, C } = dims({ x: "R C", y: "S C" }, { x, y });
  const width = itemWidth(C);
  const columns = C / width;
  launchElementwise(rec, COPY_ROWS[width], { x, y }, at.count * columns, {
    columns,
    x_rows: R,
    x_start: at.xStart ?? 0,
    x_back: at.xBack ?? 0,
    y_start: at.yStart ?? 0,
  });
}
