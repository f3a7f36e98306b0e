/**
 * The kernels of ReLU and its derivative with their loops.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime/core";
import backwardSource from "./relu_backward.wgsl" with { type: "text" };
import source from "./relu.wgsl" with { type: "text" };

/** The larger of a number and zero. */
export const RELU = elementwiseKernel<"x" | "y", "count">("relu", source, ({ x, y }, { count }) => {
  for (let i = 0; i < count; i++) y[i] = Math.max(0, x[i]!);
});

/** The cotangent where the output is positive. */
export const RELU_BACKWARD = elementwiseKernel<"y" | "dy" | "dx", "count">(
  "relu_backward",
  backwardSource,
  ({ y, dy, dx }, { count }) => {
    for (let i = 0; i < count; i++) dx[i] = y[i]! > 0 ? dy[i]! : 0;
  },
);
