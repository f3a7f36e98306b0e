/**
 * Configuration files in the form of the reference's, for training and evaluation, and settings
 * printed as such files.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { configureEvaluation, evalSchema, evaluationYaml } from "@transformer-xl/eval";
import { ConfigError } from "@transformer-xl/runtime";
import {
  checkShares,
  checkTrainConfig,
  configureTraining,
  PRESETS,
  readGiven,
  trainingYaml,
  trainSchema,
} from "@transformer-xl/train";
import { fileOf } from "./reference/commands.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import { Scratch } from "../../support/small_run.ts";

async function train(...argv: readonly string[]) {
  const configured = configureTraining(await readGiven(argv), undefined);
  checkTrainConfig(configured.config);
  return configured;
}

const BASE = {
  dataset: "wt103",
  optim: "jitlamb",
  lr: 0.01,
  etaMin: 0.001,
  roll: true,
  adaptive: true,
  vocab: "word",
  nLayer: 16,
  dModel: 512,
  nHead: 8,
  dHead: 64,
  dInner: 2048,
  dropout: 0.1,
  dropatt: 0,
  warmupStep: 1000,
  maxStep: 40_000,
  tgtLen: 192,
  memLen: 192,
  evalTgtLen: 192,
  initStd: 0.02,
  divVal: 1,
  batchSize: 256,
  evalBatchSize: 16,
  logInterval: 10,
  evalInterval: 5000,
  maxStepScheduler: null,
  fp16: false,
};

const LARGE = {
  ...BASE,
  etaMin: 0.0001,
  nLayer: 18,
  dModel: 1024,
  nHead: 16,
  dInner: 4096,
  dropout: 0.2,
  dropatt: 0.2,
  warmupStep: 16_000,
  maxStep: 100_000,
  tgtLen: 384,
  memLen: 384,
  evalTgtLen: 128,
  initStd: 0.005,
  divVal: 4,
  batchSize: 128,
  logInterval: 100,
};

const MULTINODE = {
  lr: 0.02,
  maxStep: 25_000,
  batchSize: 512,
  evalBatchSize: 128,
  evalInterval: 1000,
};

const EVAL = {
  base: { tgtLen: 64, memLen: 640, clampLen: 400, sameLength: true, split: "test" },
  large: { tgtLen: 128, memLen: 1600, clampLen: 1000, sameLength: true, split: "test" },
};

/** Asserts that a configuration has these values among others. */
function assertHas(config: object, values: object, section = "default"): void {
  const all: object = { ...config, ...values };
  assertEquals(config, all, section);
}

/** Chunks of a section on N GPUs, in half and in full precision. */
type Chunks = Readonly<Record<string, readonly [half: number, full: number]>>;

const CHUNKS: Readonly<Record<"base" | "large", Chunks>> = {
  base: {
    dgx2_16gpu: [1, 1],
    ...{ dgx1_8gpu: [1, 2], dgx1_4gpu: [2, 4], dgx1_2gpu: [4, 8], dgx1_1gpu: [8, 16] },
    ...{ dgx2_8gpu: [2, 2], dgx2_4gpu: [4, 4], dgx2_2gpu: [8, 8], dgx2_1gpu: [16, 16] },
    ...{ dgxa100_8gpu: [1, 1], dgxa100_4gpu: [2, 2], dgxa100_2gpu: [4, 4], dgxa100_1gpu: [8, 8] },
  },
  large: {
    dgx2_16gpu: [1, 1],
    ...{ dgx1_8gpu: [4, 8], dgx1_4gpu: [8, 16], dgx1_2gpu: [16, 32], dgx1_1gpu: [32, 64] },
    ...{ dgx2_8gpu: [2, 2], dgx2_4gpu: [4, 4], dgx2_2gpu: [8, 8], dgx2_1gpu: [16, 16] },
    ...{ dgxa100_8gpu: [1, 2], dgxa100_4gpu: [2, 4], dgxa100_2gpu: [4, 8], dgxa100_1gpu: [8, 16] },
    ...{
      "8dgx2_16gpu": [1, 1],
      "4dgx2_16gpu": [1, 1],
      "2dgx2_16gpu": [1, 2],
      "1dgx2_16gpu": [2, 4],
    },
  },
};

for (const model of ["base", "large"] as const) {
  Deno.test(`every section of the reference's ${model} file trains with its values`, async () => {
    const { config } = await train("--config_file", fileOf(model));
    const want = model === "base" ? BASE : LARGE;
    assertHas(config, want);
    for (const [machine, [half, full]] of Object.entries(CHUNKS[model])) {
      const precision = machine.startsWith("dgxa100") ? "tf32" : "fp32";
      for (
        const [section, fp16, batchChunk] of [
          [`${machine}_fp16`, true, half],
          [`${machine}_${precision}`, false, full],
        ] as const
      ) {
        const words = ["--config_file", fileOf(model), "--config", section];
        if (swapsMemory(section, model)) {
          await assertRejects(() => train(...words), ConfigError, "--swap_mem");
          continue;
        }
        const { config, notes } = await train(...words);
        const nodes = /^\d/.test(machine) ? MULTINODE : {};
        assertHas(config, { ...want, ...nodes, fp16, batchChunk }, section);
        const [, gpus] = /_(\d+)gpu/.exec(machine)!;
        checkShares(config, Number(gpus) * Number(/^\d+/.exec(machine)?.[0] ?? 1));
        assert(notes.some((line) => line.startsWith("--cuda: ")), section);
      }
    }
  });

  Deno.test(`every section of the reference's ${model} file evaluates with its values`, async () => {
    for (const machine of ["", ...Object.keys(CHUNKS[model])]) {
      const section = machine === "" ? "default" : `${machine}_fp16`;
      const words = ["--config_file", fileOf(model), "--config", section];
      const { config } = await configureEvaluation(words);
      const nodes = /^(\d+)dgx2/.exec(machine)?.[1];
      const batchSize = nodes === undefined ? 16 : 16 * Number(nodes);
      const want = { ...EVAL[model], fp16: machine !== "", dataset: "wt103", batchSize };
      assertHas(config, want, section);
    }
    const full = ["--config_file", fileOf(model), "--config", "dgx2_8gpu_fp32"];
    assertEquals((await configureEvaluation(full)).config.fp16, false);
  });
}

/** The one section with memories on the host, refused while there is no such setting. */
function swapsMemory(section: string, model: string): boolean {
  return model === "large" && section === "dgx1_1gpu_fp32" && !("swapMem" in trainSchema.shape);
}

Deno.test("the benchmark sections of the reference train, and have no evaluation", async () => {
  for (
    const [model, section, schedule] of [
      ["base", "trainbench", 40_000],
      ["large", "trainbench", 100_000],
      ["large", "trainbench_multinode", 25_000],
    ] as const
  ) {
    const words = ["--config_file", fileOf(model), "--config", section];
    const { config } = await train(...words);
    assertEquals(
      [config.logInterval, config.maxStep, config.maxStepScheduler],
      [1, 500, schedule],
    );
    const { message } = await assertRejects(() => configureEvaluation(words), ConfigError);
    assertStringIncludes(message, `it has no "eval"; default, dgx2_16gpu_fp16, `);
  }
});

Deno.test("the section with a model of random weights holds that model as JSON", async () => {
  for (const [model, layers] of [["base", 16], ["large", 18]] as const) {
    const words = ["--config_file", fileOf(model), "--config", "manual_eval"];
    assertEquals((await train(...words)).config.nLayer, layers);
    if (!("manualConfig" in evalSchema.shape)) {
      await assertRejects(() => configureEvaluation(words), ConfigError, "--manual_config");
    } else {
      const { manualConfig } = (await configureEvaluation(words)).config as unknown as {
        manualConfig: { readonly n_layer: number };
      };
      assertEquals(manualConfig.n_layer, layers);
    }
  }
});

Deno.test("the command line beats a section, and switches off what it switches on", async () => {
  const { config, origin } = await train(
    ...["--config_file", fileOf("base"), "--config", "dgx1_8gpu_fp16"],
    ...["--no_fp16", "--roll=false", "--lr", "0.02", "--n_layer", "2"],
  );
  assertEquals([config.fp16, config.roll, config.lr, config.nLayer], [false, false, 0.02, 2]);
  assertEquals([origin.get("lr"), origin.get("dModel")], ["flag", "file"]);
});

Deno.test("a file names its preset, work directory and checkpoint", async () => {
  await using scratch = new Scratch();
  const path = await scratch.text(
    "run.yaml",
    `preset: tiny\nwork_dir: ${scratch.path}\nrestart: true`,
  );
  const given = await readGiven(["--config_file", path]);
  assertEquals([given.preset, given.workDir, given.restart], ["tiny", scratch.path, true]);
  assertEquals(configureTraining(given, undefined).config.nLayer, PRESETS["tiny"]!["nLayer"]);
  assertEquals((await readGiven(["--config_file", path, "--no_restart"])).restart, false);
});

for (const preset of [undefined, ...Object.keys(PRESETS)]) {
  Deno.test(`printed settings give the same configuration: ${preset ?? "defaults"}`, async () => {
    await using scratch = new Scratch();
    const words = preset === undefined ? ["--no_eval", "--data", "a b"] : ["--preset", preset];
    const first = await train(...words, "--seed", "7");
    const path = await scratch.text("run.yaml", trainingYaml(first.config, first.origin));
    const again = await train("--config_file", path);
    assertEquals({ ...again.config, configFile: null }, first.config);
    // What a run adapts to device and text, it adapts again.
    for (const key of ["batchChunk", "evalBatchSize", "gpus"]) {
      if (key === "batchChunk" && preset === undefined) continue;
      assertEquals(again.origin.get(key as "gpus"), first.origin.get(key as "gpus"), key);
    }
  });
}

Deno.test("printed settings of an evaluation give the same configuration", async () => {
  await using scratch = new Scratch();
  const words = ["--tgt_len", "8", "--manual", "a b", "c: d", "--clamp_len", "-1"];
  const first = await configureEvaluation(words);
  const path = await scratch.text("eval.yaml", evaluationYaml(first.config, first.origin));
  const again = await configureEvaluation(["--config_file", path]);
  assertEquals({ ...again.config, configFile: null }, first.config);
  assertEquals(again.origin.get("memLen"), "default");
});

Deno.test("--print_config prints YAML alone, and wrong settings are refused before", async () => {
  const { code, stdout } = await callProgram("train", { preset: "tiny", print_config: true });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "\nn_layer: 2\n");
  assertEquals(stdout.startsWith("# General\npreset: tiny\n"), true);
  const wrong = await callProgram("train", { print_config: true, mom: 1.5 });
  assertEquals(wrong.code, 2);
  assertEquals(wrong.stdout, "");
  const evaluation = await callProgram("eval", { print_config: true, mem_len: 8 });
  assertStringIncludes(evaluation.stdout, "\nmem_len: 8\n");
});
