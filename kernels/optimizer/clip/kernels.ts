/**
 * Kernels of the gradient norm and the clip factor, with their reference loops.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import { f32, v128 } from "@transformer-xl/runtime/wasm";
import { DoubleSum } from "../../shared/vector/rows.ts";
import { forEachChunk } from "../flat/chunks.ts";
import { chunkCode } from "../flat/vector_code.ts";
import agreeSource from "./agree.wgsl" with { type: "text" };
import laneSum from "../flat/lane_sum.wgsl" with { type: "text" };
import clipSource from "./clip.wgsl" with { type: "text" };
import squareSumsSource from "./square_sums.wgsl" with { type: "text" };

/** Code of {@link SQUARE_SUMS}. */
const SQUARE_SUMS_CODE = chunkCode<"gradients" | "sums", never>(
  1,
  (f, { slotOf, forElements }) => {
    const sum = new DoubleSum(f);
    forElements(({ addressOf, kept }) => {
      const g = f.vector(kept(v128.load(addressOf("gradients"))));
      sum.addProduct(g, g);
    });
    f.store(slotOf("sums"), f32.demote(sum.total()));
  },
);

/** Sum of squares of each chunk. */
export const SQUARE_SUMS = kernel<"chunks" | "gradients" | "sums", "first" | "count">(
  "square_sums",
  laneSum + squareSumsSource,
  ({ chunks, gradients, sums }, { first, count }) => {
    forEachChunk(chunks, first, count, (from, to, _parameter, slot) => {
      let squares = 0;
      for (let i = from; i < to; i++) squares += gradients[i]! * gradients[i]!;
      sums[slot] = squares;
    });
  },
  SQUARE_SUMS_CODE,
);

/** Norm, clip factor, and whether every gradient is finite. */
export const CLIP = kernel<
  "sums" | "control" | "norm" | "applied" | "loss_scale",
  "count" | "clip"
>("clip", clipSource, (operands, { count, clip }) => {
  const { sums, control, norm, applied } = operands;
  const scale = operands.loss_scale[0]!;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += sums[i]!;
  const length = Math.sqrt(sum) / scale;
  const finite = Number.isFinite(sum) ? 1 : 0;
  norm[0] = length;
  applied[0] = control[1] = finite;
  const factor = length + 1e-6 > clip ? clip / (length + 1e-6) : 1;
  control[0] = finite === 0 ? 0 : factor / scale;
});

/** Whether the gradients of two groups are finite, for both. */
export const AGREE = kernel<"control" | "applied" | "other_control" | "other_applied">(
  "clip_agree",
  agreeSource,
  ({ control, applied, other_control, other_applied }) => {
    if (applied[0] === 1 && other_applied[0] === 1) return;
    for (const each of [control, other_control]) each[0] = each[1] = 0;
    applied[0] = other_applied[0] = 0;
  },
);
