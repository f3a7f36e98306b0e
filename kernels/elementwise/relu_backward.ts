/**
 * Derivative of ReLU, from its output.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  elementwiseKernel,
  elementwiseWorkgroups,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime";
import source from "./relu_backward.wgsl" with { type: "text" };

const RELU_BACKWARD = elementwiseKernel("relu_backward", source, ({ y, dy, dx }, { count }) => {
  for (let i = 0; i < count!; i++) dx![i] = y![i]! > 0 ? dy![i]! : 0;
});

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
