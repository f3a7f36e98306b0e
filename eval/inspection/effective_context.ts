/**
 * Effective context length: the memory up to which more memory still helps.
 *
 * With l(c, t) the loss of token t at c rows of memory, and the lengths c_0 < c_1 < ... of a curve, the
 * relative gain of a step from c to the next length c' is the perplexity that it saves,
 *
 *     g(c, c') = 1 - exp(f(c, c') - f(c, c)),
 *
 * and the effective length is the first c whose step gains less than a threshold. Two measures differ
 * in f:
 *
 * - all tokens: f(c, c') = mean over t of l(c', t), so g is what the curve of the perplexity shows, and
 *   is negative where more memory hurts (Khandelwal et al. 2018, section 3).
 * - the hardest share r of the tokens, those with the largest l(c, t): f(c, c') = mean over these t of
 *   min(l(c, t), l(c', t)), so g counts tokens that improve, and none that get worse. This is the
 *   relative effective context length of a group of models, here of one (Dai et al. 2019, section 4.3
 *   and appendix C, where r is 0.1, 0.5 and 1 and the threshold 0.01).
 *
 * @module
 */

/** Losses of the same tokens at one length of the memory. */
export interface MemoryLosses {
  /** c: rows of memory. */
  readonly memLen: number;
  /** Loss of every token in nats. */
  readonly losses: ArrayLike<number>;
}

/** What is measured: all tokens, or the hardest share of them. */
export type GainMeasure = "all" | number;

/** The measures of an inspection. */
export const GAIN_MEASURES: readonly GainMeasure[] = ["all", 1, 0.5, 0.1];

/** An effective context length. */
export interface EffectiveContext {
  /** What was measured. */
  readonly measure: GainMeasure;
  /** Rows of memory. */
  readonly memLen: number;
  /** Whether the last step still gains enough, so that the length may be larger. */
  readonly isLowerBound: boolean;
  /** Relative gain of every step of the curve. */
  readonly gains: readonly number[];
}

/**
 * The effective context length of a curve.
 *
 * @param curve losses of the same tokens by increasing length of the memory
 * @param threshold least relative gain of a step, such as 0.01
 * @throws {RangeError} when the curve has no point
 * @example
 * ```ts
 * import { effectiveContext } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const curve = [[3, 3], [2, 3], [2, 2.999]].map((losses, i) => ({ memLen: 8 * i, losses }));
 * const { memLen, isLowerBound } = effectiveContext(curve, "all", 0.01);
 * assertEquals([memLen, isLowerBound], [8, false]);
 * ```
 */
export function effectiveContext(
  curve: readonly MemoryLosses[],
  measure: GainMeasure,
  threshold: number,
): EffectiveContext {
  const last = curve.at(-1);
  if (last === undefined) {
    throw new RangeError("Cannot measure an effective context length: the curve has no point");
  }
  const gains = curve.slice(1).map((long, i) => gainOf(curve[i]!.losses, long.losses, measure));
  const end = gains.findIndex((gain) => !(gain >= threshold));
  const { memLen } = end < 0 ? last : curve[end]!;
  return { measure, memLen, isLowerBound: end < 0, gains };
}

/** Relative gain from the losses at a short memory to those at a long one. */
function gainOf(short: ArrayLike<number>, long: ArrayLike<number>, measure: GainMeasure): number {
  const isAll = measure === "all";
  const tokens = isAll ? [...Array(short.length).keys()] : hardest(short, measure);
  let saved = 0;
  for (const t of tokens) {
    const difference = short[t]! - long[t]!;
    saved += isAll ? difference : Math.max(0, difference);
  }
  return 1 - Math.exp(-saved / tokens.length);
}

/** The share of the tokens with the largest losses, at least one; of equal losses, earlier ones. */
function hardest(losses: ArrayLike<number>, share: number): number[] {
  const tokens = [...Array(losses.length).keys()];
  if (share === 1) return tokens;
  return tokens.sort((a, b) => losses[b]! - losses[a]! || a - b)
    .slice(0, Math.max(1, Math.round(share * tokens.length)));
}
