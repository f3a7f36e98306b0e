/**
 * Kernels of SGD, with their reference loops.
 *
 * @module
 */
import { elementUpdate } from "../flat/element_update.ts";
import momentumSource from "./sgd_momentum.wgsl" with { type: "text" };
import source from "./sgd.wgsl" with { type: "text" };

/** Weights of a buffer, without momentum. */
export const SGD = elementUpdate<never, "rate" | "decay">(
  "sgd",
  source,
  ({ weights: p }, { rate, decay }) => (i, g) => {
    p[i]! -= rate * (g + decay * p[i]!);
  },
);

/** Velocity and weights of a buffer. */
export const SGD_MOMENTUM = elementUpdate<"velocity", "rate" | "momentum" | "decay">(
  "sgd_momentum",
  momentumSource,
  ({ weights: p, velocity }, { rate, momentum, decay }) => (i, g, at) => {
    const moved = velocity[at] = momentum * velocity[at]! + (g + decay * p[i]!);
    p[i]! -= rate * moved;
  },
);
