import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuReport, LaunchLog, productsOf, reportRun, zipfSegments } from "@transformer-xl/bench";
import { dataSet } from "@transformer-xl/model";
import { launchMatmul, tilePlanOf } from "@transformer-xl/kernels";
import { DryDevice, PORTABLE_LIMITS } from "@transformer-xl/runtime";
import { testGpu } from "../support/test_gpu.ts";

const HAS_ADAPTER = testGpu !== undefined;

Deno.test("generated ids repeat with the seed, stay in the vocabulary, and fall off like words", () => {
  const lengths = { batchSize: 16, tgtLen: 64 };
  const [first] = zipfSegments(lengths, 1000, 7, 1);
  assertEquals(zipfSegments(lengths, 1000, 7, 1), [first!]);
  assert(zipfSegments(lengths, 1000, 8, 1)[0]!.inputs.some((id, i) => id !== first!.inputs[i]));
  assertEquals([first!.rows, first!.columns, first!.inputs.length], [64, 16, 1024]);

  const counts = new Uint32Array(1000); // fails loudly when an id is outside: the sum is short
  const segments = zipfSegments(lengths, 1000, 7, 20);
  for (const { inputs, targets } of segments) {
    for (const id of [...inputs, ...targets]) counts[id]!++;
  }
  const total = 20 * 2 * 1024;
  assertEquals(counts.reduce((sum, count) => sum + count), total);
  // Shares are log((id + 2) / (id + 1)) / log(1001).
  assertAlmostEquals(counts[0]! / total, Math.log(2) / Math.log(1001), 0.01);
  assertAlmostEquals(counts[9]! / total, Math.log(11 / 10) / Math.log(1001), 0.005);
});

Deno.test("the report's run is one chunk of the preset unless flags say otherwise", () => {
  const flags = { preset: "wt103-base", batchSize: null, tgtLen: null, memLen: null, steps: 20 };
  const { config, modelConfig } = reportRun(flags, true);
  assertEquals([config.batchSize, config.batchChunk, config.tgtLen, config.fp16], [
    32,
    1,
    192,
    true,
  ]);
  assertEquals([modelConfig.nToken, modelConfig.cutoffs], [267_735, [19_997, 39_997, 199_997]]);
  const { config: smaller } = reportRun({ ...flags, batchSize: 3, memLen: 8 }, false);
  assertEquals([smaller.batchSize, smaller.memLen, smaller.tgtLen], [3, 8, 192]);
});

Deno.test("products are read back from a recording as they were launched", async () => {
  const device = new DryDevice({ ...PORTABLE_LIMITS, adapterClass: "nvidia" });
  using log = new LaunchLog(device);
  const a = device.state("a", [6144 * 512]);
  const b = device.state("b", [6144 * 512]);
  const c = device.state("c", [512 * 512]);
  const launch = { form: "TN", M: 512, N: 512, K: 6144, accumulate: true } as const;
  const plan = { ...launch, a, b, c };
  await device.plan("products", (rec) => {
    const rows = rec.scalar("rows");
    launchMatmul(rec, plan);
    launchMatmul(rec, { ...plan, K: { scalar: rows.within(0, 6144), capacity: 6144 } });
    return { inputs: { rows }, outputs: {} };
  });
  const [recording] = log.recordings;
  const [fixed, varying] = productsOf(recording!);
  const { layout, sizes, varies, commands } = fixed!;
  const { form, M, N, K, accumulate } = layout;
  assertEquals({ form, M, N, K, accumulate }, launch);
  assertEquals([sizes.a, sizes.c, varies], [6144 * 512, 512 * 512, false]);
  assertEquals(commands, [0, 2], "a sum in parts has a second launch");
  assertEquals([varying!.varies, varying!.layout.K], [true, 6144]);
  const reduction = recording!.commands[1]!;
  assertEquals(reduction.kind === "launch" && tilePlanOf(reduction.kernel), undefined);
});

Deno.test("a launch is cut as its own plan says", async () => {
  const device = new DryDevice({ ...PORTABLE_LIMITS, adapterClass: "nvidia" });
  using log = new LaunchLog(device);
  const [a, b, c] = ["a", "b", "c"].map((name) => device.state(name, [64 * 64]));
  const launch = { form: "NN", a: a!, b: b!, c: c!, M: 64, N: 64, K: 64 } as const;
  const record = (changed?: { tileM: number; tileN: number }) =>
    device.plan("product", (rec) => {
      launchMatmul(rec, launch);
      const [table] = productsOf(rec);
      if (changed) launchMatmul(rec, { ...launch, plan: { ...table!.plan, ...changed } });
      return { inputs: {}, outputs: {} };
    });
  await record({ tileM: 32, tileN: 128 });
  const [table, own] = productsOf(log.recordings[0]!);
  assert(table!.plan.tileM !== 32);
  assertEquals([own!.plan.tileM, own!.plan.tileN], [32, 128]);
});

Deno.test({
  name: "the report of a small step has shares that add up to one, in every precision",
  ignore: !HAS_ADAPTER,
  async fn() {
    const lines: string[] = [];
    const flags = { preset: "tiny", batchSize: 2, tgtLen: 8, memLen: 8, steps: 2, save: false };
    const sums = { fp16Sums: "packed", matrixUnits: "auto" } as const;
    const reports = await gpuReport({ ...flags, ...sums }, (line) => lines.push(line));
    const text = lines.join("\n");
    assert(reports.length >= 1, text);
    for (const { tokens, medianMs, minMs, maxMs, lossNats, samples, ops, products } of reports) {
      assertEquals([tokens, samples], [16, 2]);
      assert(minMs <= medianMs && medianMs <= maxMs && minMs > 0);
      assert(
        Math.abs(lossNats - Math.log(dataSet("self").vocabularySize)) < 1,
        `a new model guesses: loss ${lossNats}`,
      );
      if (ops === undefined) continue; // no timestamps here
      assertAlmostEquals(ops.reduce((sum, { share }) => sum + share, 0), 1, 1e-9);
      const inProducts = products!.reduce((sum, { share }) => sum + share, 0);
      assert(inProducts > 0 && inProducts < 1);
      assert(products!.every(({ flops }) => flops > 0));
    }
    assertEquals(text.includes("fp32 : fp16"), reports.length === 2);
    assert(text.includes("tokens/s"), text);
  },
});
