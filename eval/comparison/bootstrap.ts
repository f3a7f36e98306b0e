/**
 * Paired bootstrap of a difference of mean losses (Efron 1979): pairs of losses of the same units of
 * text are drawn with replacement, and percentiles of the difference over many draws bound it.
 *
 * @module
 */
import { Mt19937 } from "@transformer-xl/model";
import { percentile } from "../metrics.ts";

/** Losses of both models on one unit of text: a segment or a line. */
export interface PairedLoss {
  /** Nats of the first model over the unit. */
  readonly first: number;
  /** Nats of the second. */
  readonly second: number;
  /** Tokens or characters of the unit, the same for both. */
  readonly weight: number;
}

/** A difference with its interval, in nats per token or character: second minus first. */
export interface LossDifference {
  /** Over all units. */
  readonly difference: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** Equal seeds give equal intervals. */
  readonly seed: number;
  /** Draws of all units (default 5000). */
  readonly resamples?: number;
  /** Percent of the draws inside the interval (default 95). */
  readonly level?: number;
}

/** Draws of all units by default. */
export const RESAMPLES = 5000;

/** Percent of the draws inside an interval by default. */
export const LEVEL = 95;

/**
 * The difference of two models on the same units.
 *
 * @param units two at least
 * @throws {RangeError} when there are fewer
 * @example
 * ```ts
 * import { pairedBootstrap } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const units = [{ first: 4, second: 3, weight: 2 }, { first: 8, second: 6, weight: 4 }];
 * assertEquals(pairedBootstrap(units, { seed: 1 }), { difference: -0.5, low: -0.5, high: -0.5 });
 * ```
 */
export function pairedBootstrap(
  units: readonly PairedLoss[],
  { seed, resamples = RESAMPLES, level = LEVEL }: BootstrapOptions,
): LossDifference {
  const n = units.length;
  if (n < 2) throw new RangeError(`Cannot resample ${n} units: at least 2 are needed`);
  const differences = Float64Array.from(units, ({ first, second }) => second - first);
  const weights = Float64Array.from(units, ({ weight }) => weight);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const random = new Mt19937(seed);
  const drawn = Array.from({ length: resamples }, () => {
    let [nats, weight] = [0, 0];
    for (let i = 0; i < n; i++) {
      const unit = Math.floor(random.next() / 2 ** 32 * n);
      nats += differences[unit]!;
      weight += weights[unit]!;
    }
    return nats / weight;
  });
  const tail = (100 - level) / 2;
  return {
    difference: sum(differences) / sum(weights),
    low: percentile(drawn, tail),
    high: percentile(drawn, 100 - tail),
  };
}
