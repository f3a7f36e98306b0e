/**
 * The kernels of the sum and of its derivative with their loops.
 *
 * @module
 */
import { elementwiseKernel, kernel } from "@transformer-xl/runtime/core";
import broadcastSource from "./broadcast.wgsl" with { type: "text" };
import source from "./sum.wgsl" with { type: "text" };

/** One sum per workgroup. */
export const SUM = kernel<"x" | "y", "count" | "groups">(
  "sum",
  source,
  ({ x, y }, { count, groups }) => {
    const stride = 64 * groups;
    for (let g = 0; g < groups; g++) {
      let sum = 0;
      for (let turn = 64 * g; turn < count; turn += stride) {
        const end = Math.min(count, turn + 64);
        for (let i = turn; i < end; i++) sum += x[i]!;
      }
      y[g] = sum;
    }
  },
);

/** One number at every element. */
export const BROADCAST = elementwiseKernel<"x" | "y", "count">(
  "broadcast",
  broadcastSource,
  ({ x, y }, { count }) => {
    y.fill(x[0]!, 0, count);
  },
);
