/**
 * Kernels of LAMB, with their reference loops.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import { forEachChunk } from "../flat/chunks.ts";
import { weightKernels } from "../flat/flat.ts";
import moments from "../flat/moments.wgsl" with { type: "text" };
import applySource from "./lamb_apply.wgsl" with { type: "text" };
import momentsSource from "./lamb_moments.wgsl" with { type: "text" };
import ratioSource from "./lamb_ratio.wgsl" with { type: "text" };
import { APPLY_CODE, MOMENTS_CODE } from "./vector_code.ts";

/** Moments, and the norms' partial sums. */
export const MOMENTS = kernel<
  "chunks" | "control" | "weights" | "gradients" | "m" | "v" | "sums",
  "first" | "count" | "beta1" | "gain1" | "beta2" | "gain2" | "eps" | "decay"
>("lamb_moments", momentsSource + moments, (operands, sizes) => {
  const { chunks, control, weights: p, gradients, m, v, sums } = operands;
  const { first, count, beta1, gain1, beta2, gain2, eps, decay } = sizes;
  const c = control[0]!;
  if (control[1] === 0) return;
  forEachChunk(chunks, first, count, (from, to, _state, slot) => {
    let [pp, uu] = [0, 0];
    for (let i = from; i < to; i++) {
      const g = c * gradients[i]!;
      const m1 = m[i] = beta1 * m[i]! + gain1 * g;
      const v1 = v[i] = beta2 * v[i]! + gain2 * g * g;
      const u = m1 / (Math.sqrt(v1) + eps) + decay * p[i]!;
      pp += p[i]! * p[i]!;
      uu += u * u;
    }
    sums[2 * slot] = pp;
    sums[2 * slot + 1] = uu;
  });
}, MOMENTS_CODE);

/** Trust ratios. */
export const RATIO = kernel<"starts" | "sums" | "ratios", "tensors" | "eps" | "zero_ratio">(
  "lamb_ratio",
  ratioSource,
  ({ starts, sums, ratios }, sizes) => {
    const { tensors, eps, zero_ratio } = sizes;
    for (let tensor = 0; tensor < tensors; tensor++) {
      let [pp, uu] = [0, 0];
      for (let i = starts[tensor]!; i < starts[tensor + 1]!; i++) {
        pp += sums[2 * i]!;
        uu += sums[2 * i + 1]!;
      }
      const norm = Math.min(Math.sqrt(pp), 10);
      const ratio = norm > 0 && uu > 0 ? norm / (Math.sqrt(uu) + eps) : zero_ratio;
      for (let i = starts[tensor]!; i < starts[tensor + 1]!; i++) ratios[i] = ratio;
    }
  },
);

/** Kernels that update the weights; `rounded` is how the loops keep rate, ratio and their product. */
const applyKernels = (rounded: (factor: number) => number) =>
  weightKernels<"ratios" | "m" | "v", "rate" | "eps" | "decay">(
    "lamb_apply",
    applySource,
    (operands, sizes) => {
      const { chunks, control, ratios, m, v, weights: p } = operands;
      const { first, count, rate, eps, decay } = sizes;
      if (control[1] === 0) return;
      forEachChunk(chunks, first, count, (from, to, _state, slot) => {
        const factor = rounded(rounded(rate) * rounded(ratios[slot]!));
        for (let i = from; i < to; i++) {
          p[i]! -= factor * (m[i]! / (Math.sqrt(v[i]!) + eps) + decay * p[i]!);
        }
      });
    },
    APPLY_CODE,
  );

/**
 * Kernels that update the weights, by trust ratio of a zero norm. Rate, ratio and their product are
 * float32 whatever the parameters are: float64 runs in PyTorch have it so, and agree to every digit
 * only then. Those of 2019 use the parameters' type.
 */
export const APPLY_KERNELS = [applyKernels((factor) => factor), applyKernels(Math.fround)] as const;
