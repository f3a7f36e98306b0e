/**
 * Adam with the decay of an L2 penalty (added to the gradient, not to the step), in one launch per
 * segment.
 *
 * @module
 */
import type { Recorder, Scalar } from "@transformer-xl/runtime";
import { copiedBytes, forEachChunk, type RecordedChunks } from "./chunks.ts";
import { flat, recordNode, weightKernels, weightOperands } from "./flat.ts";
import type { GradientNorm } from "./gradient_norm.ts";
import type { MomentRates, Moments } from "./moments.ts";
import source from "./adam.wgsl" with { type: "text" };

const adamKernel = weightKernels("adam", source, (operands, sizes) => {
  const { chunks, control, gradients, m, v, weights: p } = operands;
  const { first, count, correction1, correction2, beta1, gain1, beta2, gain2, eps, decay } = sizes;
  const c = control![0]!;
  if (control![1] === 0) return;
  const rate = sizes["rate"]! / correction1!;
  const root2 = Math.sqrt(correction2!);
  forEachChunk(chunks!, first!, count!, (from, to) => {
    for (let i = from; i < to; i++) {
      const g = c * gradients![i]! + decay! * p![i]!;
      const m1 = m![i] = beta1! * m![i]! + gain1! * g;
      const v1 = v![i] = beta2! * v![i]! + gain2! * g * g;
      p![i]! -= rate * (m1 / (Math.sqrt(v1) / root2 + eps!));
    }
  });
});

/** Records one Adam step of every parameter, unless `norm` says otherwise. */
export function recordAdam(
  rec: Recorder,
  chunks: RecordedChunks,
  moments: Moments,
  { control }: GradientNorm,
  { betas: [beta1, beta2], eps, decay, rate }: MomentRates,
  corrections: readonly [Scalar, Scalar],
): void {
  const { rows, elements, segments, constants } = chunks;
  const [correction1, correction2] = corrections;
  recordNode(
    rec,
    "adam",
    { flops: 15 * elements, bytes: 24 * elements + chunks.gradientBytes + copiedBytes(chunks) },
    () =>
      segments.forEach((part, n) => {
        const { scalars, workgroups } = chunks.over(part);
        rec.launch({
          kernel: adamKernel(part.segment),
          operands: {
            chunks: rows,
            control,
            gradients: flat(part.segment.gradients!),
            m: flat(moments.m[n]!),
            v: flat(moments.v[n]!),
            ...weightOperands(part.segment),
          },
          constants,
          scalars: {
            ...scalars,
            rate,
            correction1,
            correction2,
            beta1,
            gain1: 1 - beta1,
            beta2,
            gain2: 1 - beta2,
            eps,
            decay,
          },
          workgroups,
        });
      }),
  );
}
