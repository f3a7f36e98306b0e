/**
 * Dropout masks inside other kernels: the numbers that a mask is drawn from, its WGSL, its loop.
 *
 * @module
 */
import { philox4x32, PHILOX_WGSL, type Scalar } from "@transformer-xl/runtime/core";
import keptBits from "./kept_bits.wgsl" with { type: "text" };

/** Where the mask comes from. */
export interface PhiloxMask {
  /** Distinguishes it from a given mask. */
  readonly kind: "philox";
  /** Same seed, same masks. */
  readonly seed: Scalar;
  /** Number of the training step. */
  readonly step: Scalar;
  /** Tells runs of one step apart: batch chunk and rank. */
  readonly stream: Scalar;
  /** Which dropout of the network. */
  readonly site: number;
}

/** Uniform fields that a mask is drawn from; `factor` is that of kept elements. */
export type MaskField = "seed" | "step" | "stream" | "site" | "threshold" | "factor";

/** Text before a kernel that draws: `philox4x32_10` and `kept_bits`. */
export const MASK_WGSL = `${PHILOX_WGSL}\n${keptBits}\n`;

/** The fields of a mask, for a launch. A draw has 16 bits. */
export function maskScalars(
  { seed, step, stream, site }: PhiloxMask,
  rate: number,
): Readonly<Record<MaskField, number | Scalar>> {
  const [threshold, factor] = [Math.round(65536 * rate), 1 / (1 - rate)];
  return { seed, step, stream, site, threshold, factor };
}

/**
 * Sets factors[i] to what element `first + i` is multiplied by: 0 if it is dropped. Element
 * 8 b + j has draw j of block b.
 */
export function drawFactors(
  factors: Float64Array,
  first: number,
  { seed, step, stream, site, threshold, factor }: Readonly<Record<MaskField, number>>,
): void {
  let words: Uint32Array | readonly number[] = [];
  for (let i = 0; i < factors.length; i++) {
    const j = (first + i) % 8;
    if (i === 0 || j === 0) {
      words = philox4x32([(first + i - j) / 8, step, stream, 0], [seed, site]);
    }
    const draw = (words[j >> 1]! >>> (16 * (j & 1))) & 0xffff;
    factors[i] = draw >= threshold ? factor : 0;
  }
}
