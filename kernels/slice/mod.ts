/**
 * Consecutive rows of a matrix: `y[i] = x[start + i]`; dx is dy between rows of zeros.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { launchCopyRows } from "../copy_rows/kernels.ts";

type Slice = { readonly start: number | Scalar; readonly count: number };

const backwardOp = defineOp<{ x: Tensor }, { y: Tensor }, Slice>({
  name: "slice_backward",
  infer: ({ x }, { count }) => ({ y: like(x, [count, x.shape[1]!]) }),
  forward: (rec, { x }, { y }, { start, count }) =>
    launchCopyRows(rec, x, y, { count, xBack: start }),
  cost: ({ x }, { count }) => ({
    flops: 0,
    bytes: bytesOf(x) + bytesPer(x.dtype) * count * x.shape[1]!,
  }),
});

const op = defineOp<{ x: Tensor }, { y: Tensor }, Slice>({
  name: "slice",
  infer(inputs, { start, count }) {
    const { R, C } = dims({ x: "R C" }, inputs);
    if (count > R || typeof start === "number" && start + count > R) {
      throw new ShapeError(
        `Cannot slice "${inputs.x.label}" [${inputs.x.shape}]: ${count} rows from ${
          typeof start === "number" ? start : start.label
        } are requested`,
      );
    }
    return { y: like(inputs.x, [count, C]) };
  },
  forward: (rec, { x }, { y }, { start, count }) =>
    launchCopyRows(rec, x, y, { count, xStart: start }),
  vjp: (rec, { inputs: { x }, attrs: { start } }, { y: dy }) => ({
    x: dy && backwardOp(rec, { x: dy }, { start, count: x.shape[0]! }).y,
  }),
  cost: ({ x }, { count }) => ({
    flops: 0,
    bytes: 2 * bytesPer(x.dtype) * count * x.shape[1]!,
  }),
});

/**
 * Rows `start` to `start + count` of x [R, C], [count, C]. The derivative pads with zeros. A start
 * given at every run must leave `count` rows; rows past the end read as zero.
 *
 * @throws {ShapeError} when x has too few rows
 */
export function slice(
  rec: Recorder,
  x: Tensor,
  slice: { readonly start: number | Scalar; readonly count: number },
): Tensor {
  return op(rec, { x }, slice).y;
}
