/**
 * Samples of the vocabulary: their distribution, and what the sampled softmax estimates with them.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { LogUniform } from "@transformer-xl/kernels";
import { normals } from "@transformer-xl/kernels/cases";
import { philox4x32 } from "@transformer-xl/runtime";
import { partition, sampledLoss } from "../../support/model/plain_softmax.ts";

/** Uniform numbers of a seed. */
function uniform(seed: number): () => number {
  let n = 0;
  return () => {
    const [high, low] = philox4x32([n++, 0, 0, 0], [seed, 0]);
    return ((high! >>> 5) * 2 ** 26 + (low! >>> 6)) * 2 ** -53;
  };
}

Deno.test("probabilities of words fall log-uniformly and sum to 1", () => {
  for (const V of [2, 50, 33_278]) {
    const words = new LogUniform(V, 1);
    const all = Array.from({ length: V }, (_, id) => words.probability(id));
    assertAlmostEquals(all.reduce((sum, p) => sum + p, 0), 1, 1e-12);
    for (const id of [0, V - 1]) {
      const want = (Math.log(id + 2) - Math.log(id + 1)) / Math.log(V + 1);
      assertAlmostEquals(all[id]! / want, 1, 1e-9);
    }
  }
});

Deno.test("a sample holds ascending distinct words, each as often as its expected count says", () => {
  const [V, N, samples] = [200, 20, 20_000];
  const words = new LogUniform(V, N);
  const random = uniform(5);
  const counts = new Float64Array(V);
  let total = 0;
  for (let n = 0; n < samples; n++) {
    const ids = words.sample(random);
    assert(ids.every((id, i) => id < V && (i === 0 || id > ids[i - 1]!)));
    assert(ids.length <= words.slots);
    total += ids.length;
    for (const id of ids) counts[id]!++;
  }
  let squares = 0;
  for (let id = 0; id < V; id++) {
    const q = 1 - (1 - words.probability(id)) ** (2 * N);
    assertAlmostEquals(words.logExpected[id]!, Math.log(q), 1e-6);
    squares += (counts[id]! - samples * q) ** 2 / (samples * q * (1 - q));
  }
  // The sum of V squared standard normals, within five of its standard deviations.
  assert(Math.abs(squares - V) < 5 * Math.sqrt(2 * V), `the statistic is ${squares} of ${V}`);
  assertAlmostEquals(total / samples, words.meanCount, 0.1);
});

Deno.test("single draws follow the probabilities", () => {
  const V = 30;
  const words = new LogUniform(V, 1);
  const ranges = Array.from({ length: V }, (_, id) => Math.log1p(id) / Math.log1p(V));
  for (const [id, first] of ranges.entries()) {
    const edges = [first + 1e-12, (ranges[id + 1] ?? 1) - 1e-12];
    for (const u of edges) assertEquals([...words.sample(() => u)], [id]);
  }
});

Deno.test("a sample has room for twice its words, or for fewer that always suffice", () => {
  const large = new LogUniform(33_278, 1024);
  assert(large.slots < 1400 && large.slots > large.meanCount, `${large.slots}`);
  assertEquals(large.slots % 4, 0);
  const random = uniform(7);
  for (let n = 0; n < 50; n++) assert(large.sample(random).length < large.slots);
  assertEquals(new LogUniform(1000, 4).slots, 8);
  assertEquals(new LogUniform(10, 9).slots, 12);
  for (const N of [0, 10]) {
    assertThrows(() => new LogUniform(10, N), RangeError, `Cannot sample ${N} of 10 words`);
  }
});

/** Mean of values, and the standard deviation of that mean. */
function meanOf(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares) / values.length };
}

Deno.test("the mean partition function of the samples is that of the other words", () => {
  const [V, N, samples] = [40, 5, 4000];
  const words = new LogUniform(V, N);
  const random = uniform(11);
  const logits = normals("logits", V);
  const drawn = Array.from({ length: samples }, () => words.sample(random));
  for (const target of [0, 1, 7, 39]) {
    const { mean, deviation } = meanOf(drawn.map((ids) => {
      const { nll } = sampledLoss(logits, target, ids, words.logExpected);
      return Math.expm1(nll) * Math.exp(logits[target]! - words.logExpected[target]!);
    }));
    const want = partition(logits) - Math.exp(logits[target]!);
    assert(Math.abs(mean - want) < 5 * deviation, `${mean} of ${want}, deviation ${deviation}`);
    assert(deviation < 0.02 * want, "the estimate is sharp enough to tell");
  }
});

Deno.test("where words are distributed as the softmax, the mean gradient is zero", () => {
  const [V, N, samples] = [40, 10, 1000];
  const logits = normals("logits", V);
  const probabilities = Array.from(logits, (x) => Math.exp(x) / partition(logits));
  const words = new LogUniform(V, N);
  const random = uniform(12);
  const drawn = Array.from({ length: samples }, () => words.sample(random));
  /** Mean gradient by word, beyond what chance explains. */
  const excesses = (logExpected: Float32Array) => {
    const gradients = Array.from({ length: V }, () => [] as number[]);
    for (const ids of drawn) {
      const step = new Float64Array(V);
      for (let target = 0; target < V; target++) {
        const { gradient } = sampledLoss(logits, target, ids, logExpected);
        for (const [id, value] of gradient) step[id]! += probabilities[target]! * value;
      }
      step.forEach((value, id) => gradients[id]!.push(value));
    }
    return gradients.map(meanOf).map(({ mean, deviation }) => Math.abs(mean) - 5 * deviation);
  };
  assert(Math.max(...excesses(words.logExpected)) < 2e-4, "the loss is least at the softmax");
  assert(Math.max(...excesses(new Float32Array(V))) > 1e-2, "uncorrected logits are told apart");
});
