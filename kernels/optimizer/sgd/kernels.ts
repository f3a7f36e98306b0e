/**
 * Kernels of SGD, with their reference loops.
 *
 * @module
 */
import { elementUpdate } from "../flat/element_update.ts";
import momentumSource from "./sgd_momentum.wgsl" with { type: "text" };
import source from "./sgd.wgsl" with { type: "text" };

/** Weights of a buffer, without momentum. */
export const SGD = elementUpdate<never, "rate">(
  "sgd",
  source,
  ({ weights: p }, { rate }) => (i, g) => {
    p[i]! -= rate * g;
  },
);

/** Velocity and weights of a buffer. */
export const SGD_MOMENTUM = elementUpdate<"velocity", "rate" | "momentum">(
  "sgd_momentum",
  momentumSource,
  ({ weights: p, velocity }, { rate, momentum }) => (i, g, at) => {
    const moved = velocity[at] = momentum * velocity[at]! + g;
    p[i]! -= rate * moved;
  },
);
