/**
 * The kernels of GELU and its derivative with their loops.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime/core";
import backwardSource from "./gelu_backward.wgsl" with { type: "text" };
import source from "./gelu.wgsl" with { type: "text" };
import sigmoid from "./sigmoid.wgsl" with { type: "text" };
import { GELU_BACKWARD_CODE, GELU_CODE } from "./vector_code.ts";

const C = Math.sqrt(2 / Math.PI);
const A = 0.044715;

/** `(1 + tanh u) / 2` of an element. */
const half = (x: number) => (1 + Math.tanh(C * (x + A * x ** 3))) / 2;

/** GELU of every element. */
export const GELU = elementwiseKernel<"x" | "y", "count">(
  "gelu",
  sigmoid + source,
  ({ x, y }, { count }) => {
    for (let i = 0; i < count; i++) y[i] = x[i]! * half(x[i]!);
  },
  GELU_CODE,
);

/** The cotangent of the input. */
export const GELU_BACKWARD = elementwiseKernel<"x" | "dy" | "dx", "count">(
  "gelu_backward",
  sigmoid + backwardSource,
  ({ x, dy, dx }, { count }) => {
    for (let i = 0; i < count; i++) {
      const s = half(x[i]!);
      const slope = 2 * C * (1 + 3 * A * x[i]! ** 2);
      dx[i] = dy[i]! * (s + x[i]! * s * (1 - s) * slope);
    }
  },
  GELU_BACKWARD_CODE,
);
