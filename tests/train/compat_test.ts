/**
 * Differences between the values of `--compat` beyond the golden cases F8-2019, O2-2019, T3-2019
 * and O4.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Compat, COMPATS, openCheckpoint, parseModelConfig } from "@transformer-xl/model";
import { ConfigError, readParameters, ReferenceDevice, weightsOf } from "@transformer-xl/runtime";
import {
  CheckpointFiles,
  checkTrainConfig,
  modelOf,
  type TrainConfig,
  Trainer,
  type TrainEvent,
  trainingRecord,
} from "@transformer-xl/train";
import { callProgram } from "../support/processes/called_program.ts";
import {
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  wordText,
} from "../support/small_run.ts";

const corpus = await smallCorpus();
const NEVER = new AbortController().signal;

/** A run without chance; every step is logged. */
function configOf(compat: Compat, settings: Partial<TrainConfig> = {}): TrainConfig {
  return smallConfig({ compat, roll: false, logInterval: 1, noTest: true, ...settings });
}

/** What a run tells, and how full its memory was each time. */
async function told(config: TrainConfig, files?: CheckpointFiles) {
  using device = new ReferenceDevice({ precision: "f32" });
  using trainer = await smallTrainer(device, config, corpus);
  const events: (TrainEvent & { readonly validRows: number })[] = [];
  for await (const event of trainer.train(NEVER, files)) {
    events.push({ ...event, validRows: trainer.memories[0]!.validRows });
  }
  return events;
}

Deno.test("memory is emptied between epochs, and runs on with --compat head", async () => {
  for (const compat of COMPATS) {
    const events = await told(configOf(compat, { memLen: 16, maxStep: 40, noEval: true }));
    const logs = events.filter((event) => event.kind === "log");
    const second = logs.find(({ epoch }) => epoch === 2)!;
    assertEquals([second.batch, second.validRows], [1, compat === "head" ? 16 : 8]);
  }
});

Deno.test("the last step is evaluated, with --compat 2019 only saved", async () => {
  await using scratch = new Scratch();
  for (const compat of COMPATS) {
    const files = new CheckpointFiles(scratch.path, { saveAll: false });
    const events = await told(configOf(compat, { maxStep: 7, evalInterval: 3 }), files);
    const steps = (kind: TrainEvent["kind"]) =>
      events.flatMap((event) => event.kind === kind ? [event.step] : []);
    assertEquals(steps("eval"), compat === "2019" ? [3, 6] : [3, 6, 7]);
    assertEquals(steps("checkpoint"), [3, 6, 7]);
  }
});

Deno.test("every segment of an evaluation is scored with --compat 2019", async () => {
  const all = [];
  for (const compat of COMPATS) {
    const events = await told(configOf(compat, { maxStep: 1, evalInterval: 1 }));
    const { result } = events.find((event) => event.kind === "eval")!;
    all.push(result.segments.every(({ scored }) => scored));
  }
  assertEquals(all, [false, false, true]);
});

Deno.test("biases that start at zero stay there with --compat 2019", async () => {
  for (const compat of COMPATS) {
    using device = new ReferenceDevice({ precision: "f32" });
    const config = configOf(compat, { maxStep: 5, noEval: true });
    using trainer = await smallTrainer(device, config, corpus);
    for await (const _ of trainer.train(NEVER));
    for await (
      const [{ name }, values] of readParameters(device, trainer.store, weightsOf(trainer.store))
    ) {
      if (!name.endsWith("bias")) continue;
      if (["r_w_bias", "r_r_bias"].includes(name)) continue; // these start at random
      assertEquals(values.every((value) => value === 0), compat === "2019", name);
    }
  }
});

Deno.test("a run of 2019 that stopped at the end of an epoch continues bit-equal", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f32" });
  const long = configOf("2019", { maxStep: 40, noEval: true, maxStepScheduler: 40, memLen: 16 });
  const whole = (await told(long)).filter((event) => event.kind === "log");
  const stop = whole.findLast(({ epoch }) => epoch === 1)!.step;
  const files = new CheckpointFiles(scratch.path, { saveAll: false });
  await told({ ...long, maxStep: stop }, files);
  using checkpoint = await openCheckpoint(files.last);
  const { compat: _, ...older } = trainingRecord(checkpoint).config;
  const training = { ...checkpoint.training as object, config: older };
  assertEquals(trainingRecord({ ...checkpoint, training }).config.compat, "head");
  const modelConfig = modelOf(long, corpus.vocabulary.size, []);
  using trainer = await Trainer.create(device, long, modelConfig, corpus, checkpoint);
  const rest: unknown[] = [];
  for await (const event of trainer.train(NEVER)) {
    if (event.kind === "log") rest.push([event.step, event.epoch, event.metrics]);
  }
  const want = whole.slice(stop).map(({ step, epoch, metrics }) => [step, epoch, metrics]);
  assert(want.length > 3);
  assertEquals(rest, want);
});

Deno.test("--same_length of 2019 needs memory, and a checkpoint without a version follows head", async () => {
  const modelConfig = modelOf(configOf("2019"), corpus.vocabulary.size, []);
  const { compat: _, ...before } = modelConfig;
  assertEquals(parseModelConfig(before).compat, "head");
  const without = configOf("2019", { sameLength: true, memLen: 0, evalTgtLen: 8 });
  for (const refused of [() => checkTrainConfig(without), () => told(without)]) {
    const { need } = await assertRejects(async () => await refused(), ConfigError);
    assertEquals(need, "memory, or no same length");
  }
});

Deno.test("programs follow the checkpoint's version; only evaluation may take another", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const flags = { ...SMALL, data, work_dir, device: "cpu", compat: "2019", max_step: 6 } as const;
  const trained = await callProgram("train", flags);
  assertEquals(trained.code, 0, trained.stderr);
  assert(!trained.stdout.includes("Eval"));
  const scored = async (compat?: Compat) => {
    const { code, stdout, stderr } = await callProgram("eval", {
      ...{ work_dir, device: "cpu", batch_size: 2, tgt_len: 8, mem_len: 8, split: "test" },
      model: `${work_dir}/checkpoint_last.safetensors`,
      max_size: 1, // with warm-up nothing of it would be scored
      ...(compat && { compat }),
    });
    return { code, told: stdout + stderr };
  };
  const [own, head] = [await scored(), await scored("head")];
  assertEquals([own.code, head.code], [0, 2], own.told + head.told);
  assertStringIncludes(own.told, "same_length false compat 2019\n");
  assertStringIncludes(head.told, "Cannot score only --max_size 1 segments");
  const other = { work_dir, device: "cpu", restart: true, max_step: 8 } as const;
  const refused = await callProgram("train", { ...other, compat: "head" });
  assertStringIncludes(refused.stderr, "with --compat head (it is 2019 there)");
  const { code, stdout } = await callProgram("train", other);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "    - compat : 2019 (checkpoint)");
});
