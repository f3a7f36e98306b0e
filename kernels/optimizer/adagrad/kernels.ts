/**
 * Kernel of Adagrad, with its reference loop.
 *
 * @module
 */
import { elementUpdate } from "../flat/element_update.ts";
import source from "./adagrad.wgsl" with { type: "text" };

/** Sums of squares and weights of a buffer. */
export const ADAGRAD = elementUpdate<"sum", "rate" | "eps">(
  "adagrad",
  source,
  ({ weights: p, sum }, { rate, eps }) => (i, g, at) => {
    const squares = sum[at] = sum[at]! + g * g;
    p[i]! -= rate * (g / (Math.sqrt(squares) + eps));
  },
);
