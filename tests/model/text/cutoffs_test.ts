import { assertEquals, assertThrows } from "@std/assert";
import { assertCutoffs, cutoffsFor } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";

Deno.test("cutoffsFor() has NVIDIA's cut-offs for the full WikiText-103 vocabulary", () => {
  assertEquals(cutoffsFor("wt103", 267_735), [19_997, 39_997, 199_997]);
});

Deno.test("cutoffsFor() cuts every other vocabulary into four bins with a wide head", () => {
  for (const size of [1000, 1001, 33_278, 199_997, 500_000]) {
    const cutoffs = cutoffsFor("text", size);
    assertCutoffs(cutoffs, size);
    assertEquals((cutoffs[0]! + 3) % 8, 0);
  }
  const { need } = assertThrows(() => cutoffsFor("text", 65), ConfigError, "at least");
  assertEquals(need, "no clusters, or given ones");
});

Deno.test("assertCutoffs() refuses cut-offs that do not increase within the vocabulary", () => {
  assertCutoffs([], 10);
  for (const cutoffs of [[0], [5, 5], [6, 3], [10], [2.5], [NaN]]) {
    const { need } = assertThrows(() => assertCutoffs(cutoffs, 10), ConfigError, "whole number");
    assertEquals(need, "increasing cut-offs");
  }
});
