/**
 * Derivative of ReLU, from its output.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  elementwiseWorkgroups,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime";
import { RELU_BACKWARD } from "./kernels.ts";

const op = defineOp<{ y: Tensor; dy: Tensor }, { dx: Tensor }, Record<string, never>>({
  name: "relu_backward",
  infer: ({ y }) => ({ dx: like(y) }),
  forward(rec, { y, dy }, { dx }) {
    rec.launch({
      kernel: RELU_BACKWARD,
      operands: { y, dy, dx },
      scalars: { count: y.size },
      workgroups: elementwiseWorkgroups(rec, y.size),
    });
  },
  cost: ({ y }) => ({ flops: y.size, bytes: bytesOf(y, y, y) }),
});

/** The cotangent of x, given y = max(0, x) and the cotangent of y. */
export function reluBackward(rec: Recorder, y: Tensor, dy: Tensor): Tensor {
  return op(rec, { y, dy }, {}).dx;
}
