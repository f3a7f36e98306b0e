/**
 * The kernel of cast with its loop.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime/core";
import source from "./cast.wgsl" with { type: "text" };

/** Copies; the widths of the operands round. */
export const CAST = elementwiseKernel<"x" | "y", "count">("cast", source, ({ x, y }, { count }) => {
  for (let i = 0; i < count; i++) y[i] = x[i]!;
});
