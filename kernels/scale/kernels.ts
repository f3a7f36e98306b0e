/**
 * The kernel of scale with its loop.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime/core";
import source from "./scale.wgsl" with { type: "text" };

/** Multiplies by a number. */
export const SCALE = elementwiseKernel<"x" | "y", "count" | "factor">(
  "scale",
  source,
  ({ x, y }, { count, factor }) => {
    for (let i = 0; i < count; i++) y[i] = factor * x[i]!;
  },
);
