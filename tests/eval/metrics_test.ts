import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { bitsPerCharacter, mean, percentile, perplexity, weightedMean } from "@transformer-xl/eval";

Deno.test("perplexity and bits per character are two views of one loss", () => {
  assertEquals(perplexity(0), 1);
  assertAlmostEquals(perplexity(3.14), 23.10387, 1e-5);
  assertAlmostEquals(2 ** bitsPerCharacter(1.7), perplexity(1.7), 1e-12);
  assertEquals(bitsPerCharacter(Math.LN2), 1);
});

Deno.test("a percentile lies between the nearest ranks as numpy's does", () => {
  const values = [15, 20, 35, 40, 50];
  assertEquals([0, 25, 50, 100].map((p) => percentile(values, p)), [15, 20, 35, 50]);
  assertAlmostEquals(percentile(values, 40), 29, 1e-12);
  assertAlmostEquals(percentile([3, 1, 2, 4], 90), 3.7, 1e-12);
  assertEquals(percentile([7], 99), 7);
  assertThrows(() => percentile([], 50), RangeError, "there are no values");
});

Deno.test("a percentile does not depend on the order and keeps the order of its input", () => {
  const values = [9, 1, 5];
  assertEquals(percentile(values, 50), 5);
  assertEquals(values, [9, 1, 5]);
});

Deno.test("a weighted mean of throughputs over time is tokens over time", () => {
  const [tokens, seconds] = [[100, 900], [1, 3]];
  const rates = tokens.map((count, i) => count / seconds[i]!);
  assertEquals(weightedMean(rates, seconds), 1000 / 4);
  assertEquals(weightedMean([2, 4], [1, 1]), mean([2, 4]));
  assertEquals(mean([]), NaN);
});
