/**
 * Kernel of Adagrad, with its reference loop.
 *
 * @module
 */
import { elementUpdate } from "../flat/element_update.ts";
import source from "./adagrad.wgsl" with { type: "text" };

/** Sums of squares and weights of a buffer. */
export const ADAGRAD = elementUpdate<"sum", "rate" | "eps" | "decay">(
  "adagrad",
  source,
  ({ weights: p, sum }, { rate, eps, decay }) => (i, gradient, at) => {
    const g = gradient + decay * p[i]!;
    const squares = sum[at] = sum[at]! + g * g;
    p[i]! -= rate * (g / (Math.sqrt(squares) + eps));
  },
);
