/**
 * Sums for autograd: of cotangents that reach the same value, and into a parameter's gradient.
 *
 * @module
 */
import accumulateSource from "./accumulate.wgsl" with { type: "text" };
import addSource from "./add.wgsl" with { type: "text" };
import { ShapeError } from "../base/errors.ts";
import { elementwiseKernel, elementwiseOp, launchElementwise } from "../record/elementwise.ts";
import { bytesOf } from "../record/op.ts";
import type { Recorder } from "../record/recorder.ts";
import type { Tensor } from "../tensor/tensor.ts";

const ADD = elementwiseKernel<"a" | "b" | "c", "count">(
  "add",
  addSource,
  ({ a, b, c }, { count }) => {
    for (let i = 0; i < count; i++) c[i] = a[i]! + b[i]!;
  },
);

const ACCUMULATE = elementwiseKernel<"x" | "sum", "count">(
  "accumulate",
  accumulateSource,
  ({ x, sum }, { count }) => {
    for (let i = 0; i < count; i++) sum[i]! += x[i]!;
  },
);

const addOp = elementwiseOp<"a" | "b">(ADD, { vjp: (_rec, _at, dc) => ({ a: dc, b: dc }) });

/**
 * `a + b`, elementwise, of the same shape. Derivative: the cotangent flows to both.
 *
 * @throws {ShapeError} when the shapes differ
 */
export function add(rec: Recorder, a: Tensor, b: Tensor): Tensor {
  return addOp(rec, { a, b }, {});
}

/**
 * `sum += x`, elementwise, in place: accumulation into a parameter's gradient.
 *
 * @throws {ShapeError} when the sizes differ
 */
export function accumulate(rec: Recorder, sum: Tensor, x: Tensor): void {
  if (sum.size !== x.size) {
    throw new ShapeError(
      `Cannot add "${x.label}" [${x.shape}] to "${sum.label}": current shape is [${sum.shape}]`,
    );
  }
  const cost = { flops: x.size, bytes: bytesOf(x, sum, sum) };
  rec.node("accumulate", { inputs: { x }, cost }, () => {
    launchElementwise(rec, ACCUMULATE, { x, sum }, x.size);
  });
}
