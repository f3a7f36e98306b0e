/**
 * The choice of the next token from the log-probabilities of all words: repetition penalty,
 * temperature, top-k, top-p and min-p, in this order, then a draw. Everything is computed in
 * float64, and the random number of a draw depends on the seed, the sample and the position alone,
 * so equal log-probabilities give equal tokens on every device and in any batch.
 *
 * @module
 */
import { MAX_RATE, MAX_VOCABULARY, seedValue } from "@transformer-xl/model";
import { ConfigError, DataError, type HostArray, philox4x32 } from "@transformer-xl/runtime";
import { z } from "zod";
import { keepMinP, keepTopK, keepTopP, penalize, sum } from "./filters.ts";

const sampling = { group: "Sampling" } as const;

/** Settings of sampling, as fields of a schema. */
export const samplingFields = {
  temperature: z.number().min(0).max(MAX_RATE).default(1)
    .describe("Divisor of log-probabilities; 0: always the most probable token").meta(sampling),
  topK: z.int().min(1).max(MAX_VOCABULARY).nullable().default(null)
    .describe("Sample among this many most probable tokens; none: all").meta(sampling),
  topP: z.number().gt(0).max(1).default(1)
    .describe("Sample among the most probable tokens that have this probability together")
    .meta(sampling),
  minP: z.number().min(0).max(1).default(0)
    .describe("Leave out tokens less probable than this share of the most probable one")
    .meta(sampling),
  repetitionPenalty: z.number().gt(0).max(MAX_RATE).default(1)
    .describe(
      "Factor of log-probabilities of tokens that have occurred; above 1: fewer repetitions",
    )
    .meta(sampling),
  seed: seedValue.nullable().default(null)
    .describe("Seed of sampling; none: another one each time").meta(sampling),
};

const samplingSchema = z.strictObject(samplingFields);

/** Settings of sampling; omitted ones change nothing. */
export type SamplingSettings = z.input<typeof samplingSchema>;

/** Settings of sampling with defaults. */
export type Sampling = z.output<typeof samplingSchema>;

/**
 * Checks settings and adds defaults.
 *
 * @throws {ConfigError} naming the setting that is wrong
 */
export function samplingOf(settings: SamplingSettings): Sampling {
  const result = samplingSchema.safeParse(settings);
  if (result.success) return result.data;
  const [{ path, message } = { path: [], message: "" }] = result.error.issues;
  const [key] = path;
  const name = key === undefined
    ? ""
    : ` with ${String(key)} ${JSON.stringify(settings[key as keyof SamplingSettings])}`;
  throw new ConfigError(`Cannot sample${name}: ${message}`);
}

/**
 * Weights of the next token: probabilities up to a common factor.
 *
 * @param logProbabilities of every token in nats, [V]
 * @param occurred tokens of the text so far
 * @returns [V]; with temperature 0 all but the most probable token are 0
 * @throws {DataError} when log-probabilities are not numbers
 *
 * @example
 * ```ts
 * import { tokenWeights } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const words = Float32Array.of(Math.log(0.5), Math.log(0.25), Math.log(0.25));
 * assertEquals(tokenWeights(words, new Set(), { topK: 2 }).map((w) => +w.toFixed(3)), Float64Array.of(1, 0.5, 0));
 * ```
 */
export function tokenWeights(
  logProbabilities: HostArray,
  occurred: ReadonlySet<number>,
  settings: SamplingSettings = {},
): Float64Array {
  const { temperature, topK, topP, minP, repetitionPenalty } = samplingOf(settings);
  const weights = new Float64Array(logProbabilities);
  penalize(weights, occurred, repetitionPenalty);
  const best = mostProbable(weights);
  if (temperature === 0) return weights.fill(0).fill(1, best, best + 1);
  const largest = weights[best]!;
  for (let id = 0; id < weights.length; id++) {
    weights[id] = Math.exp((weights[id]! - largest) / temperature);
  }
  if (topK !== null) keepTopK(weights, topK);
  keepTopP(weights, topP);
  keepMinP(weights, minP);
  return weights;
}

/** The token of the largest value, the first of several. */
function mostProbable(values: Float64Array): number {
  let best = 0;
  let isNumber = true;
  for (let id = 0; id < values.length; id++) {
    const value = values[id]!;
    if (value > values[best]!) best = id;
    isNumber &&= value === value;
  }
  if (isNumber && Number.isFinite(values[best])) return best;
  throw new DataError("Cannot choose a token: the log-probabilities are not finite numbers", {
    need: "full precision",
  });
}

/**
 * Draws a token with the probability of its share of all weights.
 *
 * @param weights [V], not all of them 0
 * @param uniform a number in [0, 1), see {@link uniformAt}
 */
export function drawToken(weights: Float64Array, uniform: number): number {
  const wanted = uniform * sum(weights);
  let reached = 0;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id]!;
    if (weight === 0) continue;
    reached += weight;
    if (reached > wanted) return id;
    last = id;
  }
  return last; // the product above was rounded up
}

/** Fourth counter word of these draws: no other draws of the program have it. */
const DOMAIN = 0x73616d70;

/** A random number in [0, 1) with 53 bits: a pure function of its arguments (Philox4x32-10). */
export function uniformAt(seed: number, sample: number, position: number): number {
  const [high, low] = philox4x32([position, 0, sample, DOMAIN], [seed, 0]);
  return ((high! >>> 5) * 2 ** 26 + (low! >>> 6)) / 2 ** 53;
}
