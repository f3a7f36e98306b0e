/**
 * Ranks that share a batch: losses of one process, equal weights, and checkpoints independent of
 * their number.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Compat, createModel } from "@transformer-xl/model";
import {
  chooseAdapter,
  type Device,
  GpuDevice,
  gradientsOf,
  ReferenceDevice,
  type StorageRange,
  weightsOf,
} from "@transformer-xl/runtime";
import {
  bucketsOf,
  cutStreams,
  modelOf,
  stepOptions,
  Trainer,
  trainLengths,
  TrainStep,
} from "@transformer-xl/train";
import { memoryGroups } from "../../support/processes/memory_group.ts";
import { testGpu } from "../../support/test_gpu.ts";
import { distance, member, SHARED, together } from "../../support/processes/train_together.ts";
import { epochSegments, Scratch, smallConfig, smallCorpus } from "../../support/small_run.ts";

for (const [size, batchChunk] of [[2, 1], [4, 1], [2, 2]] as const) {
  Deno.test(`${size} processes in ${batchChunk} chunks learn as one process`, async () => {
    const corpus = await smallCorpus();
    const config = smallConfig({ ...SHARED, batchChunk, noEval: true, maxStep: 50 });
    const [alone] = await together({ config: { ...config, batchChunk: 1 }, corpus }, 1);
    const shared = await together({ config, corpus }, size);
    for (const { losses, weights } of shared) {
      assert(distance(losses, alone!.losses) < 1e-5, `${distance(losses, alone!.losses)}`);
      assertEquals(weights, shared[0]!.weights, "weights are equal to the last bit");
    }
  });
}

Deno.test("processes evaluate the loss of one, also with columns that do not divide evenly", async () => {
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, maxStep: 12, evalInterval: 6 });
  const [alone] = await together({ config, corpus }, 1);
  for (const { validations } of await together({ config, corpus }, 2)) {
    assertEquals(validations.length, 2);
    assert(distance(validations, alone!.validations) < 1e-5);
  }
});

Deno.test("processes with attention types 1, 2 and 3 learn as one process", async () => {
  const corpus = await smallCorpus();
  for (const attnType of [1, 2, 3] as const) {
    const config = smallConfig({ ...SHARED, attnType, noEval: true, maxStep: 12 });
    const [alone] = await together({ config, corpus }, 1);
    for (const { losses } of await together({ config: { ...config, batchChunk: 2 }, corpus }, 2)) {
      assert(distance(losses, alone!.losses) < 1e-5, `${distance(losses, alone!.losses)}`);
    }
  }
});

Deno.test("half precision agrees on every process", async () => {
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, fp16: true, noEval: true, maxStep: 20 });
  const [first, second] = await together({ config, corpus }, 2);
  assertEquals(second!.weights, first!.weights);
  const [alone] = await together({ config, corpus }, 1);
  assert(distance(first!.losses, alone!.losses) < 5e-3);
});

Deno.test("a run of four continues as two and as one, within rounding; as four, bit by bit", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const settings = { ...SHARED, maxStepScheduler: 24, evalInterval: 12, noEval: true };
  const whole = smallConfig({ ...settings, maxStep: 24 });
  const uninterrupted = await together({ config: whole, corpus }, 4);
  const half = smallConfig({ ...settings, maxStep: 12 });
  await Deno.mkdir(scratch.at("run"));
  await together({ config: half, corpus, workDir: scratch.at("run") }, 4);
  const from = scratch.at("run/checkpoint_last.safetensors");
  const want = uninterrupted[0]!.losses.slice(12);
  for (const [size, batchChunk] of [[4, 1], [2, 1], [2, 2], [1, 1]] as const) {
    const config = { ...whole, batchChunk };
    for (const { losses, weights } of await together({ config, corpus, from }, size)) {
      if (size === 4) {
        assertEquals(losses, want);
        assertEquals(weights, uninterrupted[0]!.weights);
      } else {
        assert(distance(losses, want) < 1e-5, `${size} processes: ${distance(losses, want)}`);
      }
    }
  }
});

Deno.test("a signal to one process stops all after the same step, with one checkpoint", async () => {
  await using scratch = new Scratch();
  await Deno.mkdir(scratch.at("run"));
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, noEval: true, maxStep: 50 });
  const asked = new AbortController();
  const signals = [new AbortController().signal, asked.signal];
  setTimeout(() => asked.abort(), 50);
  const told = await together({ config, corpus, signals, workDir: scratch.at("run") }, 2);
  const [first, second] = told.map(({ last }) => last);
  assertEquals(first, second);
  assertEquals(first?.kind, "interrupted");
  const files = [...Deno.readDirSync(scratch.at("run"))].map(({ name }) => name);
  assertEquals(files, ["checkpoint_last.safetensors"]);
});

Deno.test("dropout masks are distinct, or shared with --compat head", async () => {
  const corpus = await smallCorpus();
  // Before the first update, nothing but masks can differ.
  const config = smallConfig({ ...SHARED, dropout: 0.5, noEval: true, maxStep: 1 });
  const run = async (compat: Compat, size: number) =>
    (await together({ config: { ...config, compat }, corpus }, size))[0]!.losses;
  const shared = await run("head", 2);
  assertEquals(await run("head", 2), shared);
  for (const compat of ["none", "2019"] as const) {
    assertNotEquals(await run(compat, 2), shared);
    assertEquals(await run(compat, 1), await run("head", 1));
  }
});

Deno.test("every gradient element is in one bucket, in the order of the backward pass", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, noEval: true });
  const modelConfig = modelOf(config, corpus.vocabulary.size, []);
  using trainer = await Trainer.create(device, config, modelConfig, corpus);
  const { store } = trainer;
  const [plan] = trainer.plans;
  const buckets = bucketsOf(plan!, store, 1000);
  assert(buckets.length > 5, `${buckets.length} buckets`);
  for (const storage of gradientsOf(store)) {
    const seen = new Uint8Array(storage.length);
    for (const { ranges } of buckets) {
      for (const range of ranges.filter((range) => range.storage === storage)) {
        for (let i = range.offset; i < range.offset + range.length; i++) seen[i]!++;
      }
    }
    assert(seen.every((count) => count === 1));
  }
  let before = -1;
  for (const { ranges, length, finalCommand } of buckets) {
    assert(finalCommand >= before, "in the order of the backward pass");
    before = finalCommand;
    assertEquals(length, ranges.reduce((sum, range) => sum + range.length, 0));
    const written = Math.max(...ranges.map((range: StorageRange) => plan!.lastWrite(range)));
    assert(written <= finalCommand, "nothing writes after it is sent");
    assert(ranges.every(({ offset, length }) => offset % 2 === 0 && length % 2 === 0));
  }
});

/** Weights after four steps of two processes, whose gradients travel in buckets of some size. */
async function weightsWith(open: () => Promise<Device>, bucketLength: number): Promise<number[][]> {
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, batchChunk: 2, noEval: true });
  return await Promise.all(
    memoryGroups(2).map(async (group) => {
      using device = await open();
      const modelConfig = modelOf(config, corpus.vocabulary.size, []);
      using model = await createModel(device, modelConfig, { training: true, seed: 1 });
      const options = { ...stepOptions(config, group), bucketLength };
      using step = await TrainStep.record(model, trainLengths(config, group), options, group);
      const { train } = cutStreams(config, corpus, group);
      for await (const { segment } of epochSegments(train)) {
        if (step.stepsDone === 4) break;
        await step.runAsync(segment, { lr: 0.01 });
      }
      const ranges = weightsOf(model.store).map((storage) => ({
        storage,
        offset: 0,
        length: storage.length,
      }));
      return (await device.read(ranges)).flatMap((values) => [...values]);
    }),
  );
}

for (
  const [where, open] of [
    ["plain loops", () => Promise.resolve(new ReferenceDevice({ precision: "f32" }))],
    ["the adapter", async () => await GpuDevice.open(await chooseAdapter(testGpu))],
  ] as const
) {
  Deno.test(`gradients that leave in many parts of the backward pass change no bit on ${where}`, async () => {
    const [whole, same] = await weightsWith(open, 2 ** 21);
    assertEquals(whole, same);
    for (const weights of await weightsWith(open, 500)) assertEquals(weights, whole);
  });
}

Deno.test("processes start from the weights of the first one", async () => {
  const corpus = await smallCorpus();
  const config = smallConfig({ ...SHARED, noEval: true, roll: false, maxStep: 1 });
  const told = await Promise.all(
    memoryGroups(2).map((group) =>
      member({ config: { ...config, seed: 5 + group.rank }, corpus }, group)
    ),
  );
  assertEquals(told[1]!.weights, told[0]!.weights);
});
