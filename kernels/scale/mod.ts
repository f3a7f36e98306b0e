/**
 * The product of a tensor and a number: `y = factor * x`, dx = factor * dy.
 *
 * @module
 */
import { elementwiseOp, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { SCALE } from "./kernels.ts";

const op = elementwiseOp<"x", { readonly factor: number }>(SCALE, {
  vjp: (rec, { attrs: { factor } }, dy) => ({ x: scale(rec, dy, factor) }),
});

/** `factor * x`, elementwise. */
export function scale(rec: Recorder, x: Tensor, factor: number): Tensor {
  return op(rec, { x }, { factor });
}
