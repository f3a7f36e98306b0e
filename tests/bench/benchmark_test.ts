/**
 * Tables of `deno task benchmark`: published figures, ours beside them, and small measurements.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  infer,
  inferenceFigures,
  inferLines,
  inferSchema,
  PUBLISHED_ACCURACY,
  PUBLISHED_BATCH_SIZES,
  PUBLISHED_INFERENCE,
  PUBLISHED_PERCENTILES,
  PUBLISHED_PERCENTS,
  PUBLISHED_STABILITY,
  PUBLISHED_TRAINING,
  publishedRunLines,
  seedWords,
  spreadOf,
  stabilityLines,
  stabilitySchema,
  training,
  trainingFigure,
  trainingLines,
  trainingSchema,
  weakScalingLines,
  weakScalingSchema,
} from "@transformer-xl/bench";
import { scanFlags } from "@transformer-xl/runtime";
import { PRESETS, trainSchema } from "@transformer-xl/train";
import { gpuTest } from "../support/test_gpu.ts";

const A100 = { publishedGpu: "A100", publishedYear: 2020 } as const;

Deno.test("published inference has six batch sizes, and latency and throughput agree", () => {
  assertEquals(PUBLISHED_INFERENCE.length, 32);
  for (const { model, tokensPerSecond, latencyMs, gpu, year, math } of PUBLISHED_INFERENCE) {
    assertEquals([tokensPerSecond.length, latencyMs.length], [6, 6]);
    const tokens = model === "base" ? 64 : 128;
    PUBLISHED_BATCH_SIZES.forEach((batch, i) => {
      const ofLatency = 1000 * batch * tokens / latencyMs[i]!;
      const off = Math.abs(ofLatency / tokensPerSecond[i]! - 1);
      assert(off < 0.02, `${gpu} ${year} ${model} ${math} batch ${batch}: ${off}`);
    });
  }
  assertEquals(inferenceFigures(A100, "base", "fp32", 16), [
    {
      ...{ runtime: "pytorch", math: "tf32", tokensPerSecond: 50_189.7, latencyMs: 20.39 },
      percentilesMs: new Map([[90, 20.48], [95, 20.52], [99, 21.41]]),
    },
    {
      ...{ runtime: "torchscript", math: "tf32", tokensPerSecond: 61_042, latencyMs: 16.76 },
      percentilesMs: new Map([[90, 16.84], [95, 16.86], [99, 17.13]]),
    },
  ]);
  assertEquals(inferenceFigures(A100, "base", "fp16", 3), []);
});

Deno.test("published percentiles rise and are above the mean of their row", () => {
  for (const { latencyMs, ...row } of PUBLISHED_PERCENTILES) {
    for (const [batch, values] of Object.entries(latencyMs)) {
      const column = { publishedGpu: row.gpu, publishedYear: row.year };
      const figures = inferenceFigures(
        column,
        "base",
        row.math === "fp16" ? "fp16" : "fp32",
        Number(batch),
      );
      const { latencyMs: mean } = figures.find(({ runtime }) => runtime === row.runtime)!;
      const all = [mean, ...values];
      assertEquals(all, all.toSorted((a, b) => a - b), `${row.gpu} ${row.runtime} ${batch}`);
      assert(values.length === PUBLISHED_PERCENTS.length && values.at(-1)! < 1.2 * mean);
    }
  }
});

Deno.test("published times to train agree with published throughput", () => {
  assertEquals(PUBLISHED_ACCURACY.length, 28);
  for (const { gpus, batchSize, math, minutes, perplexity, ...row } of PUBLISHED_ACCURACY) {
    const rate = PUBLISHED_TRAINING.find((each) =>
      each.system === row.system && each.year === row.year && each.model === row.model &&
      each.math === math && each.batchSize === batchSize
    )!.tokensPerSecond[gpus]!;
    const isMultinode = row.system === "DGX-2H nodes";
    const preset = `wt103-${row.model}${isMultinode ? "-multinode" : ""}`;
    const { maxStep, batchSize: columns, tgtLen } = trainSchema.parse(PRESETS[preset]);
    const ofRate = maxStep * columns * tgtLen / rate / 60;
    const name = `${row.system} ${row.year} ${row.model} ${gpus} x ${batchSize} ${math}`;
    assert(minutes > 0.7 * ofRate && minutes < 1.1 * ofRate, `${name}: ${minutes}, ${ofRate}`);
    assert(Math.abs(perplexity - (row.model === "base" ? 23.28 : 18.2)) < 0.2, name);
  }
});

Deno.test("published training never scales better than the number of GPUs", () => {
  assertEquals(PUBLISHED_TRAINING.length, 22);
  for (const { system, tokensPerSecond } of PUBLISHED_TRAINING) {
    const [[first, one], ...more] = Object.entries(tokensPerSecond) as [string, number][] as [
      [string, number],
      ...[string, number][],
    ];
    let before = one;
    for (const [gpus, rate] of more) {
      assert(rate > before && rate <= one * Number(gpus) / Number(first), `${system} ${gpus}`);
      before = rate;
    }
  }
  const row = trainingFigure(A100, "large", "fp32", 8)!;
  assertEquals([row.math, row.tokensPerSecond[8]], ["tf32", 106_651]);
});

Deno.test("published perplexities fall with the steps and lie in their ranges", () => {
  for (const { spreads } of PUBLISHED_STABILITY) {
    spreads.forEach(({ step, mean, min = mean, max = mean, median = mean }, i) => {
      assert(min <= mean && mean <= max && min <= median && median <= max);
      const before = spreads[i - 1];
      assert(before === undefined || before.step < step && before.mean >= mean);
    });
  }
});

const summary = {
  tokensPerSecond: 8000,
  meanMs: 8,
  percentilesMs: new Map([[90, 9], [95, 9.5], [99, 10]]),
};

Deno.test("a table of inference has published figures beside ours where they are comparable", () => {
  const device = "A100";
  const rows = [{ device, batchSize: 1, summary }, { device, batchSize: 3, summary: undefined }];
  const flags = inferSchema.parse({});
  assertEquals(inferLines(flags, "fp16", rows), [
    "batch  tok/s  mean ms  90% ms  95% ms  99% ms  pytorch     ms   ours  torchscript    ms   ours  device",
    "    1  8,000     8.00    9.00    9.50   10.00    4,164  15.38  1.92x        6,936  9.23  1.15x    A100",
    "    3      -        -       -       -       -        -      -      -            -     -      -    A100",
    'published: A100, fp16, 2020; "ours" is our tok/s over theirs',
    "published, batch 1: pytorch 15.58 / 15.66 / 16.12 ms at 90 / 95 / 99%, torchscript 9.39 / 9.45 " +
    "/ 9.53 ms at 90 / 95 / 99%",
  ]);
  for (const other of [{ nLayer: 2 }, { memLen: 64 }, { preset: "tiny" }]) {
    const lines = inferLines({ ...flags, ...other }, "fp16", rows);
    assertEquals(lines[0], "batch  tok/s  mean ms  90% ms  95% ms  99% ms  device");
    assertMatch(lines.at(-1)!, /^no published figures/);
  }
});

Deno.test("tables of training and scaling have published figures beside ours", () => {
  const flags = trainingSchema.parse({ publishedGpu: "V100" });
  const device = "V100";
  const row = {
    device,
    batchSize: 16,
    tokensPerSecond: 6990.5,
    stepMs: 439.45,
    flopsPerSecond: 7e12,
  };
  assertEquals(trainingLines(flags, [{ math: "fp32", ...row }]), [
    "precision  batch  tok/s  ms/step  TFLOP/s  published              on   ours  device",
    "     fp32     16  6,991   439.45        7     13,981  DGX-1 16G fp32  0.50x    V100",
    'published: one V100, 2020; "ours" is our tok/s over theirs',
    "40,000 steps of 256 x 192 tokens, 1 GPU, fp32, batch 16: 4,688 minutes; published: 2,146 on " +
    "DGX-1 16G in fp32, test perplexity 23.12",
  ]);
  assertEquals(
    publishedRunLines({ preset: "wt103-base", publishedYear: 2020, fp16: true, gpus: 16 }),
    ["published test perplexity on 16 GPUs: 23.22 after 80 minutes (DGX-2H 32G, fp16, batch 16)"],
  );
  assertEquals(
    publishedRunLines({ preset: "tiny", publishedYear: 2020, fp16: true, gpus: 16 }),
    [],
  );
  const scaling = weakScalingSchema.parse({ fp16: true, batchSize: 32 });
  const rows = [
    { gpus: 1, device, stepMs: 100, tokensPerSecond: 61_440 },
    { gpus: 4, device, stepMs: 125, tokensPerSecond: 196_608 },
  ];
  assertEquals(weakScalingLines(scaling, rows), [
    "processes    tok/s  ms/step  speed-up  efficiency  published  speed-up   ours  device",
    "        1   61,440   100.00     1.000        100%     59,961     1.000  1.02x    V100",
    "        4  196,608   125.00     3.200         80%    225,609     3.763  0.87x    V100",
    'published: DGX A100 40G, fp16, 2020; "ours" is our tok/s over theirs',
  ]);
  const lines = weakScalingLines({ ...scaling, batchSize: 2 }, rows);
  assertMatch(lines.at(-1)!, /^no published figures/);
});

Deno.test("the spread over seeds is mean, deviation, range and median of every validation", () => {
  assertEquals(spreadOf([5]), { mean: 5, deviation: undefined, min: 5, max: 5, median: 5 });
  const { mean, deviation, median } = spreadOf([4, 1, 2, 9]);
  assertAlmostEquals(deviation!, Math.sqrt(38 / 3), 1e-12);
  assertEquals([mean, median], [4, 3]);
  const run = (first: number, second: number, test: number) => ({
    validations: new Map([[5000, first], [10_000, second]]),
    test,
  });
  const published = PUBLISHED_STABILITY[1]!;
  assertEquals(stabilityLines([run(42, 32, 23), run(43, 33, 24)], published), [
    " step   mean     sd    min    max  median  published     sd",
    " 5000  42.50  0.707  42.00  43.00   42.50      42.62  0.273",
    "10000  32.50  0.707  32.00  33.00   32.50      32.31  0.128",
    " test  23.50  0.707  23.00  24.00   23.50      23.24      -",
    "perplexity of 2 seeds, validation by step; published: 16 seeds, 2020",
  ]);
  const interrupted = { validations: new Map([[5000, 41]]), test: undefined };
  assertEquals(stabilityLines([interrupted, run(43, 33, 24)], undefined).length, 3);
});

Deno.test("commands of a study are commands of training with the flags of the study", () => {
  const flags = stabilitySchema.parse({ preset: "tiny", steps: 9, gpus: 8, fp16: true, dModel: 8 });
  const words = seedWords(flags, 1112, "runs/seed_1112");
  assertEquals(
    words.join(" "),
    "--preset tiny --seed 1112 --work_dir runs/seed_1112 --max_step 9 --fp16 --d_model 8 --gpus 8",
  );
  scanFlags(trainSchema, words); // throws for a flag that training lacks
});

/** Flags of a model that a processor measures in a moment. */
const SMALL = {
  preset: "tiny",
  ...{ tgtLen: 8, memLen: 8, nLayer: 1, nHead: 1, dHead: 8, dModel: 16, dInner: 16, nToken: 32 },
} as const;

for (const [device, test] of [["gpu", gpuTest], ["cpu", Deno.test]] as const) {
  test(`a small model is measured by inference and by training, --device ${device}`, async () => {
    const printed: string[] = [];
    const print = (line: string) => void printed.push(line);
    const measured = { ...SMALL, device, batchSizes: [1, 3], precisions: ["fp32"], steps: 3 };
    const tables = await infer(inferSchema.parse(measured), print);
    const rows = tables.get("fp32")!;
    assertEquals(rows.map(({ batchSize }) => batchSize), [1, 3]);
    for (const { batchSize, summary } of rows) {
      const { meanMs, tokensPerSecond, percentilesMs } = summary!;
      assertAlmostEquals(tokensPerSecond, 1000 * batchSize * 8 / meanMs, 1e-6);
      assert(percentilesMs.get(99)! >= percentilesMs.get(90)! && meanMs > 0);
    }
    assertMatch(printed.join("\n"), /parameters, tgt_len 8, mem_len 8, 3 segments of random ids\n/);

    const trained = await training(trainingSchema.parse(measured), print);
    assertEquals(trained.map(({ batchSize }) => batchSize), [1, 3]);
    for (const { batchSize, tokensPerSecond, stepMs } of trained) {
      assertAlmostEquals(tokensPerSecond, 1000 * batchSize * 8 / stepMs, 1e-6);
    }
    const isCpu = ({ device: name }: { readonly device: string }) => name === "CPU (WebAssembly)";
    assertEquals([...rows, ...trained].map(isCpu), Array(4).fill(device === "cpu"));
  });
}

Deno.test("half precision is left out on the CPU, in a line", async () => {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const halves = { ...SMALL, device: "cpu", batchSizes: [1, 2], precisions: ["fp16"], steps: 2 };
  assertEquals((await infer(inferSchema.parse(halves), print)).size, 0);
  assertEquals(await training(trainingSchema.parse(halves), print), []);
  const line = "fp16: left out, the CPU computes half precision as plain loops";
  assertEquals(printed, [`\n${line}`, line]);
});
