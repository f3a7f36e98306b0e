/**
 * Presets: parameters as published, values of the reference's and the authors' scripts, lengths of
 * evaluation, plans without a text.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { configureEvaluation, EVAL_PRESETS, evalSchema } from "@transformer-xl/eval";
import { PORTABLE_LIMITS } from "@transformer-xl/runtime";
import {
  checkTrainConfig,
  countParameters,
  PRESETS,
  publishedModel,
  publishedSize,
  rateWarnings,
  scheduleOf,
  type TrainConfig,
  trainSchema,
} from "@transformer-xl/train";
import { documentAt } from "../../repository/documents/documents.ts";
import { callProgram } from "../../support/processes/called_program.ts";

const configOf = (name: string) => trainSchema.parse(PRESETS[name]);

/** All parameters of a preset, and those of its layers. */
function parametersOf(name: string): [all: number, layers: number] {
  const parts = countParameters(publishedModel(configOf(name))!, PORTABLE_LIMITS);
  return [parts.values().reduce((sum, count) => sum + count, 0), parts.get("layers")!];
}

const NVIDIA_BASE: [number, number] = [191_950_298, 54_599_680];
const NVIDIA_LARGE: [number, number] = [285_167_482, 245_532_672];

/** Published counts of parameters, and of those of the layers where they are published. */
const COUNTS: Readonly<Record<string, readonly [all: number, layers?: number]>> = {
  "wt103-base": NVIDIA_BASE,
  "wt103-base-short": NVIDIA_BASE,
  "wt103-base-long": NVIDIA_BASE,
  "wt103-base-full": NVIDIA_BASE,
  trainbench: NVIDIA_BASE,
  "wt103-large": NVIDIA_LARGE,
  "wt103-large-multinode": NVIDIA_LARGE,
  "paper-wt103-base": [151_107_538, 41_066_400],
  "enwik8-base": [41_055_436],
  "enwik8-large": [277_231_820],
  "text8-base": [40_964_635],
};

for (const [name, counts] of Object.entries(COUNTS)) {
  Deno.test(`preset ${name} has the published number of parameters`, () => {
    assertEquals(parametersOf(name).slice(0, counts.length), [...counts]);
  });
}

/** Parameters by formula; every tail of the vocabulary has narrower embeddings with projections. */
function parametersByFormula(name: string): number {
  const config = configOf(name);
  const { nLayer, nHead, dHead, dModel: d, dInner, divVal } = config;
  const model = publishedModel(config)!;
  const bounds = [0, ...model.cutoffs, model.nToken];
  const widths = model.tieProjs.map((_, i) => Math.floor(d / divVal ** i));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const attention = 5 * d * nHead * dHead;
  const feedForward = 2 * d * dInner + dInner + d;
  const layers = nLayer * (attention + feedForward + 4 * d);
  const embedding = sum(widths.map((width, i) => (bounds[i + 1]! - bounds[i]!) * width));
  const projections = divVal === 1 ? [] : widths.map((width) => d * width);
  const untied = projections.filter((_, i) => !model.tieProjs[i]);
  const clusters = model.cutoffs.length * (d + 1);
  return layers + 2 * nHead * dHead + embedding + sum(projections) + sum(untied) + clusters +
    model.nToken;
}

Deno.test("every preset has the parameters of the formula, and the small ones below 15 million", () => {
  for (const name of Object.keys(PRESETS)) {
    assertEquals(parametersOf(name)[0], parametersByFormula(name), name);
  }
  for (const name of ["tiny", "shakespeare-char", "wt2-small", "ptb-small"]) {
    assertLess(parametersOf(name)[0], 15e6, name);
  }
});

Deno.test("plans without a text have the published sizes of vocabularies", () => {
  const size = (settings: object) => publishedSize(trainSchema.parse(settings));
  assertEquals(
    ["wt103", "wt2", "ptb", "enwik8", "text8", "lm1b", "shakespeare"]
      .map((dataset) => size({ dataset })),
    [267_735, 33_278, 10_000, 204, 27, 793_470, 65],
  );
  assertEquals(size({ dataset: "wt103", vocab: "bpe" }), 50_264);
  assertEquals(size({ dataset: "enwik8", vocab: "byte" }), 256);
  assertEquals(size({ dataset: "wt103", maxVocab: 1000 }), 1000);
  assertEquals(size({ dataset: "wt103", vocab: "word" }), 267_735);
  assertEquals(size({ dataset: "wt103", vocab: "char" }), undefined);
  assertEquals(size({ dataset: "wt103", minFreq: 3 }), undefined);
  assertEquals(size({ dataset: "text" }), undefined);
});

/** Sizes and lengths of the authors' scripts. */
const AUTHORS: Readonly<Record<string, Partial<TrainConfig>>> = {
  "paper-wt103-base": {
    ...{ dataset: "wt103", nLayer: 16, dModel: 410, nHead: 10, dHead: 41, dInner: 2100 },
    ...{ dropout: 0.1, dropatt: 0, adaptive: true, divVal: 1, warmupStep: 0, maxStep: 200_000 },
    ...{ tgtLen: 150, memLen: 150, evalTgtLen: 150, batchSize: 60 },
  },
  "paper-wt103-large": {
    ...{ dataset: "wt103", nLayer: 18, dModel: 1024, nHead: 16, dHead: 64, dInner: 4096 },
    ...{ dropout: 0.2, dropatt: 0.2, adaptive: true, divVal: 4, warmupStep: 16_000 },
    ...{ maxStep: 4_000_000, tgtLen: 384, memLen: 384, evalTgtLen: 128, batchSize: 128 },
  },
  "enwik8-base": {
    ...{ dataset: "enwik8", nLayer: 12, dModel: 512, nHead: 8, dHead: 64, dInner: 2048 },
    ...{ dropout: 0.1, dropatt: 0, adaptive: false, warmupStep: 0, maxStep: 400_000 },
    ...{ tgtLen: 512, memLen: 512, evalTgtLen: 128, batchSize: 22 },
  },
  "enwik8-large": {
    ...{ dataset: "enwik8", nLayer: 24, dModel: 1024, nHead: 8, dHead: 128, dInner: 3072 },
    ...{ dropout: 0.15, dropatt: 0.15, adaptive: false, warmupStep: 4000, maxStep: 400_000 },
    ...{ tgtLen: 768, memLen: 768, evalTgtLen: 128, batchSize: 64 },
  },
  "text8-base": { dataset: "text8", nLayer: 12, dModel: 512, warmupStep: 0, batchSize: 22 },
  "text8-large": { dataset: "text8", nLayer: 24, dModel: 1024, warmupStep: 0, batchSize: 64 },
  "lm1b-base": {
    ...{ dataset: "lm1b", nLayer: 18, dModel: 1024, nHead: 8, dHead: 128, dInner: 4096 },
    ...{ dropout: 0, dropatt: 0, adaptive: true, divVal: 4, warmupStep: 20_000, maxStep: 500_000 },
    ...{ tgtLen: 32, memLen: 32, evalTgtLen: 32, batchSize: 224 },
  },
  "lm1b-large": {
    ...{ dataset: "lm1b", nLayer: 24, dModel: 1280, nHead: 16, dHead: 80, dInner: 8192 },
    ...{ dropout: 0.05, dropatt: 0.05, adaptive: true, divVal: 4, warmupStep: 30_000 },
    ...{ maxStep: 1_200_000, tgtLen: 32, memLen: 32, evalTgtLen: 32, batchSize: 512 },
  },
};

Deno.test("the authors' presets have the values of their scripts, and rates that fall", () => {
  for (const [name, values] of Object.entries(AUTHORS)) {
    const config: Partial<TrainConfig> = configOf(name);
    const common: Partial<TrainConfig> = { optim: "adam", lr: 0.00025, etaMin: 0, clip: 0.25 };
    assertEquals(config, { ...config, ...common, ...values }, name);
  }
});

Deno.test("the regression tests stop early on the curve of the whole run and have its targets", () => {
  const of = (name: string) => {
    const config = configOf(name);
    return [config.maxStep, scheduleOf(config).steps, config.targetPerplexity];
  };
  assertEquals(of("wt103-base-short"), [5000, 40_000, 43.5]);
  assertEquals(of("wt103-base-long"), [30_000, 40_000, 24.2]);
  assertEquals(of("wt103-base-full"), [40_000, 40_000, 23.4]);
  assertEquals(of("trainbench"), [500, 40_000, null]);
  const { lr, etaMin, maxStep, batchSize, evalBatchSize, evalInterval, warmupStep } = configOf(
    "wt103-large-multinode",
  );
  assertEquals(
    [lr, etaMin, maxStep, batchSize, evalBatchSize, evalInterval, warmupStep],
    [0.02, 0.0001, 25_000, 512, 128, 1000, 16_000],
  );
});

Deno.test("no preset has contradictory settings, and only the short runs have odd rates", () => {
  for (const name of Object.keys(PRESETS)) {
    const config = configOf(name);
    checkTrainConfig(config);
    assertEquals(rateWarnings(config).filter((line) => !line.includes("--warmup_step")), [], name);
  }
});

/** Columns, targets, memory and distances of the evaluation scripts. */
const EVALUATIONS: Readonly<Record<string, readonly number[]>> = {
  "wt103-base": [16, 64, 640, 400],
  "wt103-large": [16, 128, 1600, 1000],
  "wt103-large-multinode": [128, 128, 1600, 1000],
  "paper-wt103-base": [10, 64, 640, 400],
  "paper-wt103-large": [10, 128, 1600, 1000],
  "enwik8-base": [10, 80, 2100, 820],
  "text8-base": [10, 80, 2100, 820],
  "enwik8-large": [10, 128, 3800, 1000],
  "text8-large": [10, 128, 3800, 1000],
  "lm1b-base": [64, 32, 128, -1],
  "lm1b-large": [8, 32, 128, -1],
};

Deno.test("every preset of training is one of evaluation, with the lengths of its script", async () => {
  assertEquals(Object.keys(EVAL_PRESETS).toSorted(), Object.keys(PRESETS).toSorted());
  for (const name of Object.keys(PRESETS)) {
    const { config, origin } = await configureEvaluation(["--preset", name]);
    assertEquals(
      config,
      evalSchema.parse({ preset: name, workDir: config.workDir, ...EVAL_PRESETS[name] }),
    );
    assertEquals(origin.get("memLen"), "preset");
    const want = EVALUATIONS[name];
    if (want === undefined) continue;
    const { batchSize, tgtLen, memLen, clampLen, sameLength, split } = config;
    assertEquals<unknown>([batchSize, tgtLen, memLen, clampLen], want, name);
    assertEquals([sameLength, split], [true, "test"], name);
  }
  const { config } = await configureEvaluation(["--preset", "wt103-base", "--mem_len", "64"]);
  assertEquals([config.memLen, config.clampLen], [64, 400]);
});

Deno.test("--dry_run plans a preset without its text, training says what is missing", async () => {
  const planned = await callProgram("train", { preset: "enwik8-base", dry_run: true });
  assertEquals(planned.code, 0, planned.stderr);
  for (
    const line of [
      "text : none, planned with the 204 symbols of enwik8",
      "#params = 41055436",
      "    - weights : 156.6 MiB",
    ]
  ) assertStringIncludes(planned.stdout, line);
  assert(/^launches per step = \d+$/m.test(planned.stdout));
  assert(/^MFLOP per token = [\d.]+$/m.test(planned.stdout));
  const lm1b = { preset: "lm1b-base", data: "none", debug: true } as const;
  const trained = await callProgram("train", lm1b);
  assertEquals(trained.code, 2);
  assertStringIncludes(trained.stderr, 'error: Cannot open data set "lm1b": ');
  assertStringIncludes(trained.stderr, "does not exist, a folder is wanted; give the right --data");
});

/** A row of the table of the page about presets. */
function rowOf(name: string): readonly string[] {
  const { nLayer, dModel, nHead, dHead, dInner, divVal, ...config } = configOf(name);
  const { tgtLen, memLen, clampLen, batchSize } = EVAL_PRESETS[name]!;
  const millions = (parametersOf(name)[0] / 1e6).toFixed(1);
  const tails = divVal === 1 ? "" : `, div ${divVal}`;
  return [
    `\`${name}\``,
    `L ${nLayer}, D ${dModel}, N ${nHead}, H ${dHead}, F ${dInner}${tails}`,
    millions,
    `${config.batchSize} x ${config.tgtLen}, M ${config.memLen}`,
    config.maxStep.toLocaleString("en"),
    `${batchSize} x ${tgtLen}, M ${memLen}${clampLen < 0 ? "" : `, clamp ${clampLen}`}`,
  ];
}

Deno.test("train/presets.md lists every preset with its sizes", () => {
  const rows = documentAt("train/presets.md").text.split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assertEquals(rows, Object.keys(PRESETS).map(rowOf));
});
