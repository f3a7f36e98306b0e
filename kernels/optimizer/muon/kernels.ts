/**
 * Kernels of Muon, with their reference loops.
 *
 * @module
 */
import { elementwiseKernel, kernel } from "@transformer-xl/runtime/core";
import laneSum from "../flat/lane_sum.wgsl" with { type: "text" };
import { forEachChunk } from "../flat/chunks.ts";
import { weightKernels } from "../flat/flat.ts";
import applySource from "./muon_apply.wgsl" with { type: "text" };
import directionSource from "./muon_direction.wgsl" with { type: "text" };
import factorSource from "./muon_factor.wgsl" with { type: "text" };
import normalizeSource from "./muon_normalize.wgsl" with { type: "text" };
import polynomialSource from "./newton_schulz.wgsl" with { type: "text" };
import { APPLY_CODE, DIRECTION_CODE, NORMALIZE_CODE, POLYNOMIAL_CODE } from "./vector_code.ts";

/** Momentum and directions of a batch, with their sums of squares. */
export const DIRECTION = kernel<
  "chunks" | "control" | "gradients" | "momentum" | "direction" | "sums",
  "first" | "count" | "decay"
>("muon_direction", laneSum + directionSource, (operands, { first, count, decay }) => {
  const { chunks, control, gradients, momentum, direction, sums } = operands;
  const c = control[0]!;
  if (control[1] === 0) return;
  let row = first;
  forEachChunk(chunks, first, count, (from, to, state, batch) => {
    let squares = 0;
    for (let i = 0; i < to - from; i++) {
      const g = c * gradients[from + i]!;
      const moved = momentum[state + i] = decay * momentum[state + i]! + g;
      const d = direction[batch + i] = g + decay * moved;
      squares += d * d;
    }
    sums[row++] = squares;
  });
}, DIRECTION_CODE);

/** Factors that give every matrix the norm 1. */
export const FACTOR = kernel<
  "chunks" | "sums" | "factors",
  "count" | "matrices" | "size" | "eps"
>(
  "muon_factor",
  laneSum + factorSource,
  ({ chunks, sums, factors }, { count, matrices, size, eps }) => {
    const squares = new Float64Array(matrices);
    let row = 0;
    forEachChunk(chunks, 0, count, (_from, _to, _state, batch) => {
      squares[Math.floor(batch / size)]! += sums[row++]!;
    });
    for (let n = 0; n < matrices; n++) factors[n] = 1 / (Math.sqrt(squares[n]!) + eps);
  },
);

/** The matrices of a batch times their factors. */
export const NORMALIZE = elementwiseKernel<"factors" | "x", "count" | "size">(
  "muon_normalize",
  normalizeSource,
  ({ factors, x }, { count, size }) => {
    for (let i = 0; i < count; i++) x[i]! *= factors[Math.floor(i / size)]!;
  },
  NORMALIZE_CODE,
);

/** The polynomial of a Newton-Schulz step. */
export const POLYNOMIAL = elementwiseKernel<
  "gram" | "square",
  "count" | "side" | "linear" | "unit"
>("newton_schulz", polynomialSource, ({ gram, square }, { count, side, linear, unit }) => {
  for (let i = 0; i < count; i++) {
    const isDiagonal = Math.floor(i / side) % side === i % side;
    square[i]! += linear * gram[i]! + (isDiagonal ? unit : 0);
  }
}, POLYNOMIAL_CODE);

/** Weights of a batch in one buffer. */
export const APPLY = weightKernels<"direction", "rate" | "keep" | "scale">(
  "muon_apply",
  applySource,
  ({ chunks, control, direction, weights: p }, { first, count, rate, keep, scale }) => {
    if (control[1] === 0) return;
    forEachChunk(chunks, first, count, (from, to, _state, batch) => {
      for (let i = from; i < to; i++) {
        p[i] = keep * p[i]! - rate * scale * direction[batch + i - from]!;
      }
    });
  },
  APPLY_CODE,
);
