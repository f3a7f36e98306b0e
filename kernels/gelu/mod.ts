/**
 * GELU (Hendrycks and Gimpel, 2016) in its tanh form: `y = x * (1 + tanh u) / 2` with
 * `u = sqrt(2 / pi) * (x + 0.044715 x^3)`.
 *
 * @module
 */
import { elementwiseOp, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { GELU, GELU_BACKWARD } from "./kernels.ts";

const backwardOp = elementwiseOp<"x" | "dy">(GELU_BACKWARD, { flops: 12 });

const op = elementwiseOp<"x">(GELU, {
  flops: 8,
  vjp: (rec, { inputs: { x } }, dy) => ({ x: backwardOp(rec, { x, dy }, {}) }),
});

/** `x * (1 + tanh u) / 2`, elementwise. */
export function gelu(rec: Recorder, x: Tensor): Tensor {
  return op(rec, { x }, {});
}
