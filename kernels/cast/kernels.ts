/**
 * The kernel of cast with its loop.
 *
 * @module
 */
import { elementwiseKernel } from "@transformer-xl/runtime";
import source from "./cast.wgsl" with { type: "text" };

/** See mod.ts. */
export const CAST = elementwiseKernel("cast", source, ({ x, y }, { count }) => {
  for (let i = 0; i < count!; i++) y![i] = x![i]!;
});
