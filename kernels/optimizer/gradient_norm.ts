/**
 * Global gradient norm, clip coefficient and test for gradients that are not finite, all on the
 * device: the update that follows reads them there, and the host never waits.
 *
 * @module
 */
import { kernel, type Recorder, type Tensor } from "@transformer-xl/runtime";
import { forEachChunk, type RecordedChunks } from "./chunks.ts";
import { flat, recordNode } from "./flat.ts";
import clipSource from "./clip.wgsl" with { type: "text" };
import squareSumsSource from "./square_sums.wgsl" with { type: "text" };

const SQUARE_SUMS = kernel(
  "square_sums",
  squareSumsSource,
  ({ chunks, gradients, sums }, { first, count }) => {
    const g = gradients!;
    forEachChunk(chunks!, first!, count!, (from, to, _logical, slot) => {
      let squares = 0;
      for (let i = from; i < to; i++) squares += g[i]! * g[i]!;
      sums![slot] = squares;
    });
  },
);

const CLIP = kernel("clip", clipSource, (operands, { count, clip }) => {
  const { sums, control, norm, applied } = operands;
  const scale = operands["loss_scale"]![0]!;
  let sum = 0;
  for (let i = 0; i < count!; i++) sum += sums![i]!;
  const length = Math.sqrt(sum) / scale;
  const finite = Number.isFinite(sum) ? 1 : 0;
  norm![0] = length;
  applied![0] = control![1] = finite;
  const factor = length + 1e-6 > clip! ? clip! / (length + 1e-6) : 1;
  control![0] = finite === 0 ? 0 : factor / scale;
});

const LARGEST = 2 ** 128 - 2 ** 104; // of float32: no norm exceeds it

/** What an update needs to know about the gradients. */
export interface GradientNorm {
  /** [2]: factor of every gradient, and 1 or 0 for whether to update at all. */
  readonly control: Tensor;
  /** [1]: L2 norm of all gradients before clipping, without the loss scale. */
  readonly norm: Tensor;
  /** [1]: 1 when every gradient is finite, else 0. */
  readonly applied: Tensor;
}

/**
 * Records `norm = ||gradients|| / scale` and the factor `clip / (norm + 1e-6)`, or 1 where that is
 * larger, over the scale. A sum of squares beyond float32 counts as not finite, as a gradient of
 * infinity does.
 *
 * @param lossScale its first element is what gradients were scaled by
 */
export function recordGradientNorm(
  rec: Recorder,
  chunks: RecordedChunks,
  clip: number,
  lossScale: Tensor,
): GradientNorm {
  const sums = rec.temporary([chunks.count], "f32", "square_sums");
  const control = rec.temporary([2], "f32", "clip.control");
  const norm = rec.temporary([1], "f32", "gradient_norm");
  const applied = rec.temporary([1], "f32", "applied");
  const { elements, count } = chunks;
  recordNode(rec, "square_sums", { flops: 2 * elements, bytes: chunks.gradientBytes }, () => {
    for (const part of chunks.segments) {
      rec.launch({
        kernel: SQUARE_SUMS,
        operands: { chunks: chunks.rows, gradients: flat(part.segment.gradients!), sums },
        constants: chunks.constants,
        ...chunks.over(part),
      });
    }
  });
  recordNode(rec, "clip", { flops: count, bytes: 4 * count }, () =>
    rec.launch({
      kernel: CLIP,
      operands: { sums, control, norm, applied, loss_scale: lossScale },
      scalars: { count, clip: Math.min(clip, LARGEST) },
      workgroups: [1],
    }));
  return { control, norm, applied };
}
