import { assertEquals, assertMatch } from "@std/assert";
import { compareRows, digits, resultText, slowestOps } from "@transformer-xl/bench";

Deno.test("results are compared by name, and noise is not called slower", () => {
  const row = (name: string, medianMs: number, spread: number) =>
    [name, { name, medianMs, minMs: medianMs - spread, maxMs: medianMs + spread }] as const;
  const before = new Map([row("a", 10, 1), row("b", 10, 5), row("c", 10, 1), row("gone", 1, 0)]);
  const after = new Map([row("a", 20, 1), row("b", 12, 1), row("c", 5, 1), row("new", 1, 0)]);
  assertEquals(compareRows(before, after), {
    lines: [
      "  2.00x a: 10 -> 20 ms, slower",
      "  1.20x b: 10 -> 12 ms",
      "  0.50x c: 10 -> 5 ms",
    ],
    slower: 1,
  });
});

Deno.test("a profile sums calls of the same op, slowest first", () => {
  const lines = slowestOps([
    { label: "layer0/add", elapsedMs: 1 },
    { label: "layer0/matmul", elapsedMs: 6 },
    { label: "layer1/add", elapsedMs: 1 },
  ]);
  assertEquals(lines, [
    "one profiled run, 8 ms:",
    "  75.0%        6 ms  1 x matmul",
    "  25.0%        2 ms  2 x add",
  ]);
});

Deno.test("a result names its rates and the peak that bounds it", () => {
  const timing = { name: "x", medianMs: 100, minMs: 90, maxMs: 120, samples: 5, runs: 2 };
  const peak = { flopsPerSecond: 50e9, copyBytesPerSecond: 10e9 };
  const text = resultText({ ...timing, cost: { flops: 1e8, bytes: 5e8 }, peak });
  assertMatch(text, /^100 ms \(90 to 120, 5 samples of 2\), 1 GFLOP\/s, 5 GB\/s, 50% of the copy/);
  assertEquals([0.012345, 12.345, 12345.6].map(digits), ["0.0123", "12.3", "12,346"]);
});
