/**
 * Kernel of Adam, with its reference loop.
 *
 * @module
 */
import { forEachChunk } from "../flat/chunks.ts";
import { weightKernels } from "../flat/flat.ts";
import source from "./adam.wgsl" with { type: "text" };

/** Moments and weights of a buffer, by whether its weights have copies. */
export const ADAM = weightKernels<
  "m" | "v",
  "rate" | "correction1" | "correction2" | "beta1" | "gain1" | "beta2" | "gain2" | "eps" | "decay"
>("adam", source, (operands, sizes) => {
  const { chunks, control, gradients, m, v, weights: p } = operands;
  const { first, count, correction1, correction2, beta1, gain1, beta2, gain2, eps, decay } = sizes;
  const c = control[0]!;
  if (control[1] === 0) return;
  const rate = sizes.rate / correction1;
  const root2 = Math.sqrt(correction2);
  forEachChunk(chunks, first, count, (from, to) => {
    for (let i = from; i < to; i++) {
      const g = c * gradients[i]! + decay * p[i]!;
      const m1 = m[i] = beta1 * m[i]! + gain1 * g;
      const v1 = v[i] = beta2 * v[i]! + gain2 * g * g;
      p[i]! -= rate * (m1 / (Math.sqrt(v1) / root2 + eps));
    }
  });
});
