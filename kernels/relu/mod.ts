/**
 * ReLU, `y = max(0, x)`, and its derivative from the output, `dx = y > 0 ? dy : 0`. A matrix product
 * ends with a ReLU of its own and needs the derivative only.
 *
 * @module
 */
import { elementwiseOp, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { RELU, RELU_BACKWARD } from "./kernels.ts";

const backwardOp = elementwiseOp<"y" | "dy">(RELU_BACKWARD);

const op = elementwiseOp<"x">(RELU, {
  vjp: (rec, { output: y }, dy) => ({ x: reluBackward(rec, y, dy) }),
});

/** `max(0, x)`, elementwise. */
export function relu(rec: Recorder, x: Tensor): Tensor {
  return op(rec, { x }, {});
}

/** The cotangent of x, given y = max(0, x) and the cotangent of y. */
export function reluBackward(rec: Recorder, y: Tensor, dy: Tensor): Tensor {
  return backwardOp(rec, { y, dy }, {});
}
