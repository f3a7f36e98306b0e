/**
 * Kernel of Adam and AdamW, with its reference loop.
 *
 * @module
 */
import { elementUpdate } from "../flat/element_update.ts";
import moments from "../flat/moments.wgsl" with { type: "text" };
import { ADAM_CODE } from "./vector_code.ts";
import source from "./adam.wgsl" with { type: "text" };

/** Moments and weights of a buffer. */
export const ADAM = elementUpdate<
  "m" | "v",
  | "rate"
  | "keep"
  | "correction1"
  | "correction2"
  | "beta1"
  | "gain1"
  | "beta2"
  | "gain2"
  | "eps"
  | "decay"
>("adam", source + moments, ({ weights: p, m, v }, sizes) => {
  const { keep, correction1, correction2, beta1, gain1, beta2, gain2, eps, decay } = sizes;
  const rate = sizes.rate / correction1;
  const root2 = Math.sqrt(correction2);
  return (i, gradient, at) => {
    const g = gradient + decay * p[i]!;
    const m1 = m[at] = beta1 * m[at]! + gain1 * g;
    const v1 = v[at] = beta2 * v[at]! + gain2 * g * g;
    p[i] = keep * p[i]! - rate * (m1 / (Math.sqrt(v1) / root2 + eps));
  };
}, ADAM_CODE);
