/**
 * Latency of evaluations: which iterations count, averages, percentiles, files, repetitions.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  checkMeasured,
  evaluateRepeatedly,
  Evaluator,
  latencyCsv,
  LatencyFiles,
  latencyJson,
  latencyLines,
  LatencyMeter,
  latencySummary,
  skippedIterations,
} from "@transformer-xl/eval";
import { Batches, createModel } from "@transformer-xl/model";
import { ConfigError, ReferenceDevice, SoloGroup } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../support/small_run.ts";
import { memoryGroups } from "../support/processes/memory_group.ts";

const golden = JSON.parse(
  await Deno.readTextFile(new URL("../golden/cases/E2/case.json", import.meta.url)),
) as {
  latency_s: number[];
  mean_ms: number;
  percentiles_ms: Record<string, number>;
  throughput_weighted: number;
  throughput_mean: number;
};

Deno.test("the memory and two more iterations are not counted, one less in 2019", () => {
  const lengths = { memLen: 640, tgtLen: 64 };
  assertEquals(skippedIterations(lengths, "head"), 12);
  assertEquals(skippedIterations(lengths, "2019"), 11);
  assertEquals(skippedIterations({ memLen: 100, tgtLen: 64 }, "head"), 3);
});

Deno.test("averages and percentiles of latencies are those of the reference's numbers", async () => {
  const tokens = golden.throughput_mean /
    (golden.latency_s.reduce((sum, s) => sum + 1 / s, 0) / golden.latency_s.length);
  const meter = new LatencyMeter(1, 3);
  for (const ms of [1e6, 1e-6, 5]) meter.add({ targetRows: tokens, elapsedMs: ms });
  for (const s of golden.latency_s) meter.add({ targetRows: tokens, elapsedMs: 1000 * s });
  const data = await meter.collect(new SoloGroup());
  assertEquals([data.skipped, data.latencyMs.length], [3, golden.latency_s.length]);
  const percents = Object.keys(golden.percentiles_ms).map(Number);
  const summary = latencySummary(data, percents, "head");
  assertAlmostEquals(summary.tokensPerSecond, golden.throughput_weighted, 1e-8);
  assertAlmostEquals(summary.meanMs, golden.mean_ms, 1e-10);
  for (const [percent, ms] of summary.percentilesMs) {
    assertAlmostEquals(ms, golden.percentiles_ms[percent]!, 1e-10);
  }
  const old = latencySummary(data, [90], "2019");
  assertAlmostEquals(old.tokensPerSecond, golden.throughput_mean, 1e-8);
  assertEquals(latencyLines(latencySummary(data, [90, 99.9], "head")), [
    "Throughput Avg: 2663.77 tok/s",
    "Latency Avg: 24.03 ms",
    "Latency 90%: 27.65 ms",
    "Latency 99.9%: 29.68 ms",
    "=".repeat(100),
  ]);
});

Deno.test("throughput is summed over processes, latencies are those of the own process", async () => {
  const collected = await Promise.all(
    memoryGroups(2).map((group, rank) => {
      const meter = new LatencyMeter(2, 0);
      for (const elapsedMs of [10, 20]) {
        meter.add({ targetRows: 8, elapsedMs: elapsedMs * (rank + 1) });
      }
      return meter.collect(group);
    }),
  );
  assertEquals(collected.map(({ latencyMs }) => latencyMs), [[10, 20], [20, 40]]);
  for (const { tokensPerSecond } of collected) assertEquals(tokensPerSecond, [2400, 1200]);
});

Deno.test("measurements are saved as JSON and CSV, whole or not at all", async () => {
  const folder = await Deno.makeTempDir();
  const data = { skipped: 2, latencyMs: [10, 30], tokensPerSecond: [6400, 3200] };
  const text = { name: "test", ...data, summary: latencySummary(data, [50], "head") };
  const record = { args: { batchSize: 1 }, device: "a card", ranks: 1, texts: [text] };
  assertEquals(JSON.parse(latencyJson(record)).texts, [{
    name: "test",
    skippedIterations: 2,
    throughputAvgTokensPerSecond: 4000,
    latencyAvgMs: 20,
    latencyPercentilesMs: { "50": 20 },
    throughputTokensPerSecond: [6400, 3200],
    latencyMs: [10, 30],
  }]);
  assertEquals(
    latencyCsv(record),
    "text,iteration,latency_ms,throughput_tokens_per_second\ntest,3,10,6400\ntest,4,30,3200\n",
  );
  const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  {
    await using _ = await LatencyFiles.create(`${folder}/a`);
    assertEquals(names().length, 2);
  }
  assertEquals(names(), []);
  {
    await using files = await LatencyFiles.create(`${folder}/a`);
    assertEquals(await files.save(record), [`${folder}/a.json`, `${folder}/a.csv`]);
  }
  assertEquals(names(), ["a.csv", "a.json"]);
  const refused = await assertRejects(() => LatencyFiles.create(`${folder}/a.csv/b`), ConfigError);
  assert(refused.message.startsWith(`Cannot save measurements in "${folder}/a.csv": `));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("measuring warm-up alone is refused before it begins", () => {
  const measured = { name: "test", segments: 6, skipped: 12 };
  const config = { saveData: true, targetThroughput: null, repeat: 2, maxSize: null };
  assertThrows(
    () => checkMeasured(config, measured),
    ConfigError,
    "measure 12 segments of the test",
  );
  assertThrows(() => checkMeasured({ ...config, repeat: 3, maxSize: 4 }, measured), ConfigError);
  checkMeasured({ ...config, repeat: 3 }, measured);
  checkMeasured({ ...config, saveData: false }, measured);
});

Deno.test("a repetition keeps the memory or clears it, and all of them are one result", async () => {
  const corpus = await smallCorpus();
  const config = smallConfig({ initStd: 0.3 });
  using device = new ReferenceDevice({ precision: "f64" });
  using model = await createModel(device, modelOf(config, corpus.vocabulary.size, []), { seed: 5 });
  const lengths = { batchSize: 2, tgtLen: 5, memLen: 8, extLen: 0 };
  using evaluator = await Evaluator.create(model, lengths);
  const batches = new Batches(corpus.train.slice(0, 2 * 18), lengths);
  const once = await evaluator.evaluate(batches);
  const seen: number[] = [];
  const cleared = await evaluateRepeatedly(evaluator, batches, {
    repeat: 3,
    keepsMemory: false,
    readEvery: 3,
    onSegment: ({ lossNats }) => void seen.push(lossNats),
  });
  const losses = once.segments.map(({ lossNats }) => lossNats);
  assertEquals(losses.length, 4);
  assertEquals(cleared.segments.map(({ lossNats }) => lossNats), [...losses, ...losses, ...losses]);
  assertEquals(seen, [...losses, ...losses, ...losses]);
  assertAlmostEquals(cleared.lossNats, once.lossNats, 1e-14);
  assertEquals(cleared.tokens, 3 * once.tokens);
  const kept = await evaluateRepeatedly(evaluator, batches, { repeat: 2, keepsMemory: true });
  assertEquals(kept.segments[0]!.lossNats, losses[0]);
  assert(Math.abs(kept.segments[4]!.lossNats - losses[0]!) > 1e-6);
});
