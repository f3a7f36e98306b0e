/**
 * LAMB: Adam's direction without its corrections for the zero start, rescaled for each logical
 * tensor to the tensor's own norm. Three launches: moments with the norms' partial sums, trust
 * ratios, weights. Between them only one number per tensor waits in memory, not the direction.
 *
 * @module
 */
import { kernel, linearWorkgroups, type Recorder } from "@transformer-xl/runtime";
import { copiedBytes, forEachChunk, type RecordedChunks } from "./chunks.ts";
import { flat, recordNode, weightKernels, weightOperands } from "./flat.ts";
import type { GradientNorm } from "./gradient_norm.ts";
import type { MomentRates, Moments } from "./moments.ts";
import applySource from "./lamb_apply.wgsl" with { type: "text" };
import momentsSource from "./lamb_moments.wgsl" with { type: "text" };
import ratioSource from "./lamb_ratio.wgsl" with { type: "text" };

const MOMENTS = kernel("lamb_moments", momentsSource, (operands, sizes) => {
  const { chunks, control, weights: p, gradients, m, v, sums } = operands;
  const { first, count, beta1, gain1, beta2, gain2, eps, decay } = sizes;
  const c = control![0]!;
  if (control![1] === 0) return;
  forEachChunk(chunks!, first!, count!, (from, to, _logical, slot) => {
    let [pp, uu] = [0, 0];
    for (let i = from; i < to; i++) {
      const g = c * gradients![i]!;
      const m1 = m![i] = beta1! * m![i]! + gain1! * g;
      const v1 = v![i] = beta2! * v![i]! + gain2! * g * g;
      const u = m1 / (Math.sqrt(v1) + eps!) + decay! * p![i]!;
      pp += p![i]! * p![i]!;
      uu += u * u;
    }
    sums![2 * slot] = pp;
    sums![2 * slot + 1] = uu;
  });
});

const RATIO = kernel("lamb_ratio", ratioSource, ({ starts, sums, ratios }, sizes) => {
  const { tensors, eps, zero_ratio } = sizes;
  for (let tensor = 0; tensor < tensors!; tensor++) {
    let [pp, uu] = [0, 0];
    for (let i = starts![tensor]!; i < starts![tensor + 1]!; i++) {
      pp += sums![2 * i]!;
      uu += sums![2 * i + 1]!;
    }
    const norm = Math.min(Math.sqrt(pp), 10);
    ratios![tensor] = norm > 0 && uu > 0 ? norm / (Math.sqrt(uu) + eps!) : zero_ratio!;
  }
});

/** Kernels of the last launch; `rounded` is how the loops keep rate, ratio and their product. */
const applyKernels = (rounded: (factor: number) => number) =>
  weightKernels("lamb_apply", applySource, (operands, sizes) => {
    const { chunks, control, ratios, m, v, weights: p } = operands;
    const { first, count, rate, eps, decay } = sizes;
    if (control![1] === 0) return;
    forEachChunk(chunks!, first!, count!, (from, to, logical) => {
      const factor = rounded(rounded(rate!) * rounded(ratios![logical]!));
      for (let i = from; i < to; i++) {
        p![i]! -= factor * (m![i]! / (Math.sqrt(v![i]!) + eps!) + decay! * p![i]!);
      }
    });
  });

// Rate, ratio and their product are float32 whatever the parameters are: float64 runs in PyTorch
// have it so, and agree to every digit only then. Those of 2019 have them as the parameters are.
const APPLY_KERNELS = [applyKernels((factor) => factor), applyKernels(Math.fround)] as const;

/**
 * Records one LAMB step of every parameter, unless `norm` says otherwise.
 *
 * @param zeroRatio trust ratio of a tensor whose weights or update have the norm 0
 */
export function recordLamb(
  rec: Recorder,
  chunks: RecordedChunks,
  moments: Moments,
  { control }: GradientNorm,
  { betas: [beta1, beta2], eps, decay, rate }: MomentRates,
  zeroRatio: 0 | 1,
): void {
  const { rows, starts, tensors, elements, count, segments, constants } = chunks;
  const sums = rec.temporary([count, 2], "f32", "lamb.sums");
  const ratios = rec.temporary([tensors], "f32", "lamb.ratios");
  recordNode(
    rec,
    "lamb_moments",
    { flops: 16 * elements, bytes: 20 * elements + chunks.gradientBytes },
    () =>
      segments.forEach((part, n) => {
        const { scalars, workgroups } = chunks.over(part);
        rec.launch({
          kernel: MOMENTS,
          operands: {
            chunks: rows,
            control,
            weights: flat(part.segment.masters),
            gradients: flat(part.segment.gradients!),
            m: flat(moments.m[n]!),
            v: flat(moments.v[n]!),
            sums,
          },
          constants,
          scalars: { ...scalars, beta1, gain1: 1 - beta1, beta2, gain2: 1 - beta2, eps, decay },
          workgroups,
        });
      }),
  );
  recordNode(rec, "lamb_ratio", { flops: 2 * count, bytes: 8 * count }, () =>
    rec.launch({
      kernel: RATIO,
      operands: { starts, sums, ratios },
      constants,
      scalars: { tensors, eps, zero_ratio: zeroRatio },
      workgroups: linearWorkgroups(rec, tensors, 1),
    }));
  recordNode(
    rec,
    "lamb_apply",
    { flops: 7 * elements, bytes: 16 * elements + copiedBytes(chunks) },
    () =>
      segments.forEach((part, n) => {
        const { scalars, workgroups } = chunks.over(part);
        rec.launch({
          kernel: APPLY_KERNELS[zeroRatio](part.segment),
          operands: {
            chunks: rows,
            control,
            ratios,
            m: flat(moments.m[n]!),
            v: flat(moments.v[n]!),
            ...weightOperands(part.segment),
          },
          constants,
          scalars: { ...scalars, rate, eps, decay },
          workgroups,
        });
      }),
  );
}
