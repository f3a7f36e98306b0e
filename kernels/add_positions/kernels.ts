/**
 * The kernels that add positions to rows, with their loops.
 *
 * @module
 */
import { elementwiseKernel, type Kernel } from "@transformer-xl/runtime/core";
import backwardSource from "./add_positions_backward.wgsl" with { type: "text" };
import source from "./add_positions.wgsl" with { type: "text" };

type Sizes = "count" | "B" | "columns";

/** Adds one row of positions to every batch column. */
export const ADD_POSITIONS: Kernel = elementwiseKernel<"x" | "p" | "y", Sizes>(
  "add_positions",
  source,
  ({ x, p, y }, { count, B, columns }) => {
    for (let i = 0; i < count; i++) {
      y[i] = x[i]! + p[Math.floor(i / (B * columns)) * columns + i % columns]!;
    }
  },
);

/** Cotangent of the positions. */
export const ADD_POSITIONS_BACKWARD: Kernel = elementwiseKernel<"dy" | "dp", Sizes>(
  "add_positions_backward",
  backwardSource,
  ({ dy, dp }, { count, B, columns }) => {
    for (let i = 0; i < count; i++) {
      const first = Math.floor(i / columns) * B * columns + i % columns;
      let sum = 0;
      for (let b = 0; b < B; b++) sum += dy[first + b * columns]!;
      dp[i] = sum;
    }
  },
);
