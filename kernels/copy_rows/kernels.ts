/**
 * The kernel that copies a run of rows, with its loop; concatenating and slicing use it as well.
 *
 * @module
 */
import {
  dims,
  elementwiseKernel,
  launchElementwise,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import source from "./copy_rows.wgsl" with { type: "text" };

const COPY_ROWS = elementwiseKernel<
  "x" | "y",
  "count" | "columns" | "x_start" | "x_back" | "x_rows" | "y_start"
>("copy_rows", source, ({ x, y }, { count, columns, ...s }) => {
  const shift = (s.x_start - s.x_back) * columns;
  const end = s.x_rows * columns;
  const start = s.y_start * columns;
  for (let i = 0; i < count; i++) {
    const from = i + shift;
    y[start + i] = from >= 0 && from < end ? x[from]! : 0;
  }
});

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
  launchElementwise(rec, COPY_ROWS, { x, y }, at.count * C, {
    columns: C,
    x_rows: R,
    x_start: at.xStart ?? 0,
    x_back: at.xBack ?? 0,
    y_start: at.yStart ?? 0,
  });
}
