/**
 * Kernels of Adam for tables with sparse gradients, with their reference loops.
 *
 * @module
 */
import { kernel } from "@transformer-xl/runtime/core";
import { forEachChunk } from "../flat/chunks.ts";
import { weightKernels } from "../flat/flat.ts";
import sparseSource from "./sparse_adam.wgsl" with { type: "text" };
import touchedSource from "./touched_rows.wgsl" with { type: "text" };
import { SPARSE_ADAM_CODE, TOUCHED_ROWS_CODE } from "./sparse_code.ts";

/** Which rows of a table have a gradient. */
export const TOUCHED_ROWS = kernel<
  "gradients" | "touched",
  "offset" | "width" | "first" | "rows"
>("touched_rows", touchedSource, ({ gradients, touched }, { offset, width, first, rows }) => {
  for (let row = 0; row < rows; row++) {
    touched[first + row] = 0;
    for (let k = 0; k < width; k++) {
      if (gradients[offset + row * width + k] !== 0) touched[first + row] = 1;
    }
  }
}, TOUCHED_ROWS_CODE);

/** Moments and weights of touched rows. */
export const SPARSE_ADAM = weightKernels<
  "m" | "v" | "touched",
  | "width"
  | "rate"
  | "correction1"
  | "correction2"
  | "beta1"
  | "gain1"
  | "beta2"
  | "gain2"
  | "eps"
>("sparse_adam", sparseSource, (operands, sizes) => {
  const { chunks, control, gradients, m, v, weights: p, touched } = operands;
  const { first, count, width, correction1, correction2 } = sizes;
  const { beta1, gain1, beta2, gain2, eps } = sizes;
  const c = control[0]!;
  if (control[1] === 0) return;
  const rate = sizes.rate * Math.sqrt(correction2) / correction1;
  forEachChunk(chunks, first, count, (from, to, state) => {
    for (let i = from; i < to; i++) {
      if (touched[Math.floor((state + i - from) / width)] === 0) continue;
      const g = c * gradients[i]!;
      const m1 = m[i] = beta1 * m[i]! + gain1 * g;
      const v1 = v[i] = beta2 * v[i]! + gain2 * g * g;
      p[i]! -= rate * (m1 / (Math.sqrt(v1) + eps));
    }
  });
}, SPARSE_ADAM_CODE);
