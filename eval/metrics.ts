/**
 * Units of losses, and timing statistics. All conversions between units are here.
 *
 * @module
 */

/** e^loss, for a loss in nats per token. */
export function perplexity(lossNats: number): number {
  return Math.exp(lossNats);
}

/** Loss in bits per character, for a loss in nats per character. */
export function bitsPerCharacter(lossNats: number): number {
  return lossNats / Math.LN2;
}

/** Losses of a raw text. */
export interface RawLoss {
  /** Bits per Unicode code point. */
  readonly bitsPerCharacter: number;
  /** Bits per byte of UTF-8. */
  readonly bitsPerByte: number;
}

/**
 * Bits per character and per byte of a raw text: total bits over its size. Tokens of the text that
 * are not scored count with the mean loss of the others.
 *
 * @param lossNats mean loss in nats per token
 * @param tokens of the whole text
 * @param raw size of the whole text
 * @example
 * ```ts
 * import { rawLoss } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rawLoss(Math.LN2, 10, { characters: 40, bytes: 50 }), {
 *   bitsPerCharacter: 0.25,
 *   bitsPerByte: 0.2,
 * });
 * ```
 */
export function rawLoss(
  lossNats: number,
  tokens: number,
  { characters, bytes }: { readonly characters: number; readonly bytes: number },
): RawLoss {
  const bits = lossNats / Math.LN2 * tokens;
  return { bitsPerCharacter: bits / characters, bitsPerByte: bits / bytes };
}

/**
 * Percentile with linear interpolation between the two nearest ranks, as numpy's default.
 *
 * @param percent 0 to 100
 * @throws {RangeError} when there are no values
 * @example
 * ```ts
 * import { percentile } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(percentile([1, 2, 3, 4], 50), 2.5);
 * ```
 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a percentile: there are no values");
  const sorted = [...values].sort((a, b) => a - b);
  const at = percent / 100 * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/** Arithmetic mean; NaN when there are no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean of `values` weighted by `weights`: a throughput averaged over time. */
export function weightedMean(values: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / total;
}
