/**
 * Sampling: filters against their definitions, draws against the distribution.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  drawToken,
  keepMinP,
  keepTopK,
  keepTopP,
  penalize,
  type SamplingSettings,
  tokenWeights,
  uniformAt,
} from "@transformer-xl/eval";
import { ConfigError, DataError } from "@transformer-xl/runtime";
import { seededRandom } from "../../support/small_run.ts";

const NONE: ReadonlySet<number> = new Set();

/** Random weights; with `levels`, many are equal. */
function randomWeights(length: number, seed: number, levels?: number): Float64Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => {
    const weight = Math.exp(4 * random());
    return levels === undefined ? weight : 1 + Math.round(levels * random());
  });
}

/** Ids from the largest weight to the smallest. */
function ranked(weights: Float64Array): number[] {
  return [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
}

function kept(weights: Float64Array): number[] {
  return [...weights.keys()].filter((id) => weights[id]! > 0);
}

const CASES = [[1, undefined], [7, undefined], [50, 3], [50, undefined], [3000, 40], [
  3000,
  0,
]] as const;

Deno.test("top-k keeps the k first of the ranking, equal ones by id", () => {
  for (const [length, levels] of CASES) {
    for (const count of [1, 2, 5, length - 1, length, length + 1, 1024, 1025, 2500]) {
      if (count < 1) continue;
      const weights = randomWeights(length, 10 * length + count, levels);
      const want = ranked(weights).slice(0, count).sort((a, b) => a - b);
      const values = want.map((id) => weights[id]);
      keepTopK(weights, count);
      assertEquals(kept(weights), want, `${length} weights, k ${count}`);
      assertEquals(want.map((id) => weights[id]), values);
    }
  }
});

Deno.test("top-p keeps the shortest beginning of the ranking that has the probability", () => {
  for (const [length, levels] of CASES) {
    for (const share of [1e-9, 0.1, 0.5, 0.9, 0.999, 1]) {
      const weights = randomWeights(length, length, levels);
      const order = ranked(weights);
      const total = order.reduce((sum, id) => sum + weights[id]!, 0);
      let reached = 0;
      const end = order.findIndex((id) => (reached += weights[id]!) >= share * total);
      const want = share === 1 ? order : order.slice(0, end + 1);
      keepTopP(weights, share);
      assertEquals(kept(weights), want.sort((a, b) => a - b), `${length} weights, p ${share}`);
    }
  }
});

Deno.test("min-p keeps what has the share of the largest", () => {
  for (const share of [0, 0.02, 0.5, 1]) {
    const weights = randomWeights(200, 3);
    const best = Math.max(...weights);
    const want = kept(weights).filter((id) => weights[id]! >= share * best);
    keepMinP(weights, share);
    assertEquals(kept(weights), want);
  }
});

Deno.test("a repetition penalty multiplies log-probabilities of tokens that have occurred", () => {
  const words = Float64Array.of(-1, -2, -3, -4);
  penalize(words, new Set([3, 1, 3, 9]), 1.5);
  assertEquals([...words], [-1, -3, -3, -6]);
});

/** Softmax of the log-probabilities over the temperature, then the filters one after the other. */
function defined(words: Float32Array, settings: SamplingSettings): number[] {
  const { temperature = 1, topK, topP = 1, minP = 0 } = settings;
  let weights = Array.from(words, (word) => Math.exp(word / temperature));
  const total = () => weights.reduce((sum, weight) => sum + weight, 0);
  const order = ranked(Float64Array.from(weights));
  const keep = (ids: readonly number[]) => {
    weights = weights.map((weight, id) => ids.includes(id) ? weight : 0);
  };
  keep(order.slice(0, topK ?? words.length));
  let reached = 0;
  const all = total();
  keep(order.filter((id) => {
    const isKept = reached < topP * all;
    reached += weights[id]!;
    return isKept;
  }));
  const best = Math.max(...weights);
  keep(order.filter((id) => weights[id]! >= minP * best));
  return weights.map((weight) => weight / total());
}

Deno.test("temperature and filters together are those of their definitions in order", () => {
  const words = Float32Array.from(randomWeights(60, 8), (weight) => Math.log(weight) - 9);
  for (
    const settings of [
      {},
      { temperature: 0.7 },
      { temperature: 2.5, topK: 20 },
      { topP: 0.6 },
      { minP: 0.3 },
      { temperature: 1.3, topK: 30, topP: 0.8, minP: 0.1 },
    ]
  ) {
    const weights = tokenWeights(words, NONE, settings);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    defined(words, settings).forEach((want, id) => {
      assertAlmostEquals(weights[id]! / total, want, 1e-12, JSON.stringify(settings));
    });
  }
});

Deno.test("temperature 0 leaves the most probable token, the first of equal ones, after the penalty", () => {
  const words = Float32Array.of(-2, -1, -1, -1.5);
  assertEquals(kept(tokenWeights(words, NONE, { temperature: 0 })), [1]);
  assertEquals(
    kept(tokenWeights(words, new Set([1, 2]), { temperature: 0, repetitionPenalty: 2 })),
    [3],
  );
});

Deno.test("a draw is the token in whose part of the sum the number falls", () => {
  const weights = Float64Array.of(0, 1, 0, 2, 1, 0);
  const drawn = [0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2 ** -53].map((u) => drawToken(weights, u));
  assertEquals(drawn, [1, 1, 3, 3, 4, 4]);
});

Deno.test("random numbers depend on seed, sample and position, and are uniform", () => {
  assertEquals(uniformAt(7, 1, 3), uniformAt(7, 1, 3));
  const others = [uniformAt(8, 1, 3), uniformAt(7, 2, 3), uniformAt(7, 1, 4), uniformAt(7, 3, 1)];
  assertEquals(new Set([uniformAt(7, 1, 3), ...others]).size, 5);
  const count = 20_000;
  const numbers = Array.from({ length: count }, (_, i) => uniformAt(1, 0, i));
  assert(numbers.every((u) => u >= 0 && u < 1));
  const bins = new Array<number>(20).fill(0);
  for (const u of numbers) bins[Math.floor(20 * u)]! += 1;
  const chi = bins.reduce((sum, n) => sum + (n - count / 20) ** 2 / (count / 20), 0);
  assert(chi < 43.8, `chi-square ${chi}`); // 0.1 % of 19 degrees of freedom
});

Deno.test("wrong settings and log-probabilities are named", () => {
  const words = Float32Array.of(-1, -1);
  const refused = (settings: SamplingSettings, name: string) =>
    assertThrows(() => tokenWeights(words, NONE, settings), ConfigError, `with ${name}`);
  refused({ temperature: -1 }, "temperature -1");
  refused({ topK: 0 }, "topK 0");
  refused({ topP: 0 }, "topP 0");
  refused({ topP: 1.5 }, "topP 1.5");
  refused({ minP: 2 }, "minP 2");
  refused({ repetitionPenalty: 0 }, "repetitionPenalty 0");
  for (const word of [NaN, Infinity]) {
    assertThrows(() => tokenWeights(Float32Array.of(-1, word), NONE), DataError, "not finite");
  }
});
