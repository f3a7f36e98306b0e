/**
 * A matrix assembled from several parts: `y[rows_p[i]] = scale * x_p[i]`; dx_p gathers.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  type Tensor,
  type Tensors,
} from "@transformer-xl/runtime/core";
import { gather } from "../gather/mod.ts";
import { launchScatter } from "../scatter/kernels.ts";
import type { RowCount } from "../shared/row_count.ts";

/** Selected rows of a matrix and their destinations. */
export interface RowPart {
  /** [capacity, C]. */
  readonly x: Tensor;
  /** u32 [capacity]: distinct row numbers of the whole. */
  readonly rows: Tensor;
  /** How many take part. */
  readonly count: number | Scalar;
}

type Combine = {
  readonly R: number;
  readonly counts: readonly RowCount[];
  readonly factor: number;
};

// Inputs are x0, rows0, x1, rows1, ...: as many pairs as there are counts.
const op = defineOp<Tensors, { y: Tensor }, Combine>({
  name: "combine_rows",
  infer(inputs, { R, counts }) {
    const pairs = counts.map((_, p) => [[`x${p}`, `R${p} C`], [`rows${p}`, `R${p}`]]).flat();
    const { C } = dims(Object.fromEntries(pairs) as { x0: "R0 C" }, inputs as { x0: Tensor });
    return { y: like(inputs["x0"]!, [R, C]) };
  },
  forward(rec, inputs, { y }, { counts, factor }) {
    counts.forEach((count, p) => {
      const [x, rows] = [inputs[`x${p}`]!, inputs[`rows${p}`]!];
      launchScatter(rec, x, rows, y, count, { factor, accumulate: false });
    });
  },
  vjp(rec, { inputs, attrs: { counts, factor }, wants }, { y: dy }) {
    if (dy === undefined) return {};
    return Object.fromEntries(counts.flatMap((count, p) => {
      if (!wants(`x${p}`)) return [];
      const rows = inputs[`rows${p}`]!;
      return [[`x${p}`, gather(rec, dy, rows, count, { scale: factor })]];
    }));
  },
  cost: (inputs) => ({ flops: 0, bytes: 2 * bytesOf(...Object.values(inputs)) }),
});

/**
 * One matrix [R, C] of several parts: `y[rows_p[i]] = scale * x_p[i]` for i < count_p. Every row must
 * come from exactly one part; a row in no part is left as it is. In the derivative, the rows of dx_p
 * from count_p on are left as they are.
 *
 * @throws {ShapeError} when the sizes disagree
 */
export function combineRows(
  rec: Recorder,
  R: number,
  parts: readonly RowPart[],
  scale: number,
): Tensor {
  const pairs = parts.map(({ x, rows }, p) => [[`x${p}`, x], [`rows${p}`, rows]]).flat();
  const counts = parts.map(({ count }) => count);
  return op(rec, Object.fromEntries(pairs) as Tensors, { R, counts, factor: scale }).y;
}
