/**
 * The kernel of ReLU with its loop.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime";
import source from "./relu_backward.wgsl" with { type: "text" };

/** The cotangent through a ReLU. */
export const RELU_BACKWARD = elementwiseKernel(
  "relu_backward",
  source,
  ({ y, dy, dx }, { count }) => {
    for (let i = 0; i < count!; i++) dx![i] = y![i]! > 0 ? dy![i]! : 0;
  },
);
