/**
 * The rate of tables with sparse gradients when the softmax is sampled: SGD and Adam give it a
 * schedule of its own, as the reference does.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { createModel, openCheckpoint } from "@transformer-xl/model";
import {
  CheckpointError,
  type Device,
  type ParameterStore,
  readParameters,
  ReferenceDevice,
  weightsOf,
} from "@transformer-xl/runtime";
import {
  checkContinues,
  CheckpointFiles,
  continuedProgress,
  cutStreams,
  LearningRates,
  modelOf,
  rateAfter,
  rateOf,
  scheduleOf,
  sparseScheduleOf,
  stepOptions,
  type TrainConfig,
  Trainer,
  trainingRecord,
  trainLengths,
  TrainStep,
} from "@transformer-xl/train";
import {
  epochSegments,
  Scratch,
  smallConfig,
  smallCorpus,
  smallTrainer,
} from "../support/small_run.ts";

const SAMPLED = { sampleSoftmax: 6, noTest: true, dropout: 0, dropatt: 0 } as const;
const NEVER = new AbortController().signal;

const sparse = (settings: Partial<TrainConfig>) =>
  sparseScheduleOf(smallConfig({ ...SAMPLED, lr: 0.01, etaMin: 0.001, ...settings }));

Deno.test("SGD and Adam have the rate while the softmax is sampled, other optimizers never", () => {
  for (const optim of ["sgd", "adam"] as const) {
    assert(sparse({ optim }) !== undefined);
    assertEquals(sparse({ optim, sampleSoftmax: -1 }), undefined);
  }
  for (const optim of ["lamb", "adagrad", "adamw", "muon"] as const) {
    assertEquals(sparse({ optim }), undefined);
  }
});

Deno.test("both climb to twice the rate, then SGD keeps twice the rate and Adam falls back to it", () => {
  const rates = { maxStep: 100, warmupStep: 20 };
  const [sgd, adam] = [sparse({ optim: "sgd", ...rates })!, sparse({ optim: "adam", ...rates })!];
  assertEquals([rateOf(sgd, 1), rateOf(adam, 1)], [0.02, 0.01]);
  for (const step of [1, 7, 19]) {
    assertEquals(rateAfter(sgd, step), 0.02 * step / 20);
    assertEquals(rateAfter(adam, step), 0.02 * step / 20);
  }
  for (const [schedule, base] of [[sgd, 0.02], [adam, 0.01]] as const) {
    assertAlmostEquals(rateAfter(schedule, 20), base, 1e-15);
    assertAlmostEquals(rateAfter(schedule, 60), (base + 0.001) / 2, 1e-15);
    assertAlmostEquals(rateAfter(schedule, 100), 0.001, 1e-15);
    const constant = { ...schedule, scheduler: "constant" } as const;
    assertEquals(rateAfter(constant, 60), 0.02 * 19 / 20);
    assertEquals(rateAfter({ ...constant, warmupStep: 0 }, 60), base);
    const root = { ...schedule, scheduler: "inv_sqrt" } as const;
    assertEquals([rateOf(root, 1), rateAfter(root, 49)], [0, base / 7]);
  }
});

Deno.test("dev_perf lowers both rates, each from its own to the floor", () => {
  const config = smallConfig({ ...SAMPLED, optim: "sgd", scheduler: "dev_perf", lr: 1 });
  const plateau = (rate: number) => ({ rate, best: null, waited: 0 });
  const rates = new LearningRates(
    { schedule: scheduleOf(config), sparseSchedule: sparseScheduleOf(config) },
    { decayRate: 0.5, patience: 0, lrMin: 0.4 },
    { plateau: plateau(1), sparsePlateau: plateau(2) },
  );
  const seen = [3, 3, 3, 3].map((loss, i) => {
    rates.observe(loss);
    return rates.of(100 + i);
  });
  assertEquals(seen.map(({ lr }) => lr), [1, 0.5, 0.4, 0.4]);
  assertEquals(seen.map(({ sparseLr }) => sparseLr), [2, 1, 0.5, 0.4]);
});

/** Weights by name. */
async function weightsByName(device: Device, store: ParameterStore) {
  return new Map(
    (await Array.fromAsync(readParameters(device, store, weightsOf(store))))
      .map(([{ name }, values]) => [name, [...values]] as const),
  );
}

Deno.test("the first step of a run with SGD moves the sampled table twice as far as the rest", async () => {
  const corpus = await smallCorpus();
  using device = new ReferenceDevice({ precision: "f64" });
  const settings = { ...SAMPLED, optim: "sgd", lr: 0.5, clip: 1e9, warmupStep: 0 } as const;
  const config = smallConfig({ ...settings, maxStep: 1, noEval: true });
  using trainer = await smallTrainer(device, config, corpus);
  const before = await weightsByName(device, trainer.store);
  for await (const _ of trainer.train(NEVER));
  const after = await weightsByName(device, trainer.store);

  const shape = modelOf(config, corpus.vocabulary.size, []);
  using model = await createModel(device, shape, { training: true, seed: config.seed });
  using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const { train } = cutStreams(config, corpus);
  for await (const { segment } of epochSegments(train)) {
    step.run(segment, { lr: 0.5 });
    break;
  }
  for (const [name, values] of await weightsByName(device, model.store)) {
    const factor = name === "word_emb.emb_layers.0.weight" ? 2 : 1;
    values.forEach((value, k) => {
      const start = before.get(name)![k]!;
      assertAlmostEquals(after.get(name)![k]! - start, factor * (value - start), 1e-12);
    });
  }
});

Deno.test("both rates of dev_perf are saved, and follow a new rate after a restart", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  using device = new ReferenceDevice({ precision: "f32" });
  const settings = { ...SAMPLED, optim: "sgd", scheduler: "dev_perf", lr: 1e-6 } as const;
  const config = smallConfig({ ...settings, warmupStep: 4, maxStep: 8, evalInterval: 2 });
  using trainer = await smallTrainer(device, config, corpus);
  const files = new CheckpointFiles(scratch.path, { saveAll: false });
  for await (const _ of trainer.train(NEVER, files));
  using checkpoint = await openCheckpoint(files.last);
  const record = trainingRecord(checkpoint);
  const { plateau, sparsePlateau } = record.progress;
  assert(plateau.rate < 7.5e-7);
  assertEquals(sparsePlateau!.rate, 2 * plateau.rate);
  const faster = continuedProgress(record, { ...config, lr: 1e-5 });
  assertAlmostEquals(faster.sparsePlateau!.rate, 20 * plateau.rate, 1e-18);
  const whole = { ...config, sampleSoftmax: -1 };
  assertEquals(continuedProgress(record, whole).sparsePlateau, null);
  const stored = { ...record, config: whole };
  assertEquals(continuedProgress(stored, config).sparsePlateau!.rate, 2 * plateau.rate);
});

Deno.test("a run without sampling needs the momentum that a sampled one of SGD did not keep", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  using device = new ReferenceDevice({ precision: "f32" });
  const settings = { ...SAMPLED, noEval: true, maxStep: 2 } as const;
  const resume = async (before: Partial<TrainConfig>, after: Partial<TrainConfig>) => {
    const config = smallConfig({ ...settings, ...before });
    using trainer = await smallTrainer(device, config, corpus);
    const files = new CheckpointFiles(scratch.path, { saveAll: false });
    for await (const _ of trainer.train(NEVER, files));
    using checkpoint = await openCheckpoint(files.last);
    const next = { ...config, maxStep: 4, ...after };
    const shape = modelOf(next, corpus.vocabulary.size, []);
    checkContinues(checkpoint, next, shape, corpus);
    using resumed = await Trainer.create(device, next, shape, corpus, checkpoint);
    for await (const _ of resumed.train(NEVER));
    return resumed.progress.step;
  };
  const momentum = { optim: "sgd", mom: 0.9 } as const;
  await assertRejects(
    () => resume(momentum, { sampleSoftmax: -1 }),
    CheckpointError,
    "with --sample_softmax -1 (it is 6 there)",
  );
  assertEquals(await resume({ ...momentum, sampleSoftmax: -1 }, { sampleSoftmax: 6 }), 4);
  assertEquals(await resume({ optim: "adam" }, { sampleSoftmax: -1 }), 4);
});
