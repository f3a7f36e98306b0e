import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compareFiles, compareRows, digits, resultText, slowestOps } from "@transformer-xl/bench";
import { ConfigError } from "@transformer-xl/runtime";
import { Scratch } from "../support/small_run.ts";

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

Deno.test("files without results are one sentence with the file", async () => {
  await using scratch = new Scratch();
  const row = { name: "a", medianMs: 10, minMs: 9, maxMs: 11 };
  const [good, bad, gone] = ["good.json", "bad.json", "gone.json"].map((name) => scratch.at(name));
  await Deno.writeTextFile(good!, `${JSON.stringify(row)}\n`);
  await Deno.writeTextFile(bad!, `${JSON.stringify(row)}\nno JSON\n`);
  assertEquals(compareFiles([good!, good!]), { lines: ["  1.00x a: 10 -> 10 ms"], slower: 0 });
  const refused = (paths: readonly string[], says: string) =>
    assertThrows(() => compareFiles(paths), ConfigError, says);
  refused([good!], "Cannot compare 1 files: use deno run -A bench/harness/compare.ts OLD NEW");
  refused([good!, good!, good!], "Cannot compare 3 files");
  refused([good!, gone!], `Cannot read results from "${gone}": `);
  refused([bad!, good!], `Cannot read results from "${bad}": line 2 is no row; give a file`);
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
