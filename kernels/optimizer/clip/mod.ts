/**
 * Global gradient norm, clip coefficient and test for gradients that are not finite, all on the
 * device: the update reads them there, and the host never waits.
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import type { RecordedChunks } from "../flat/chunks.ts";
import { flat } from "../flat/flat.ts";
import { recordOverChunks } from "../flat/over_chunks.ts";
import { AGREE, CLIP, SQUARE_SUMS } from "./kernels.ts";

const LARGEST = 2 ** 128 - 2 ** 104; // of float32: no norm exceeds it

/** What an update needs to know about the gradients. */
export interface GradientNorm {
  /** [2]: factor of every gradient, and 1 or 0 for whether to update at all. */
  readonly control: Tensor;
  /** [1]: L2 norm of the group's gradients before clipping, without the loss scale. */
  readonly norm: Tensor;
  /** [1]: 1 when every gradient is finite, else 0. */
  readonly applied: Tensor;
}

/**
 * Records `norm = ||gradients|| / scale` and the factor `clip / (norm + 1e-6)`, or 1 where that is
 * larger, over the scale. A sum of squares beyond float32 counts as non-finite.
 *
 * @param lossScale its first element is the scale of the gradients
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
  const cost = { flops: 2 * elements, bytes: chunks.gradientBytes };
  recordOverChunks(rec, "square_sums", chunks, cost, ({ gradients }) => ({
    kernel: SQUARE_SUMS,
    operands: { gradients: flat(gradients!), sums },
  }));
  rec.node("clip", { cost: { flops: count, bytes: 4 * count } }, () =>
    rec.launch({
      kernel: CLIP,
      operands: { sums, control, norm, applied, loss_scale: lossScale },
      scalars: { count, clip: Math.min(clip, LARGEST) },
      workgroups: [1],
    }));
  return { control, norm, applied };
}

/** Records that two groups of parameters are updated together or not at all. */
export function recordAgreement(rec: Recorder, one: GradientNorm, other: GradientNorm): void {
  rec.node("clip_agree", { cost: { flops: 0, bytes: 0 } }, () =>
    rec.launch({
      kernel: AGREE,
      operands: {
        control: one.control,
        applied: one.applied,
        other_control: other.control,
        other_applied: other.applied,
      },
      workgroups: [1],
    }));
}
