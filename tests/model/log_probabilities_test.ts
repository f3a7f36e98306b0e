/**
 * The two heads of the model: losses of targets, and log-probabilities of all words.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  Batches,
  initialise,
  Memory,
  Model,
  type ModelSection,
  NO_DROPOUT,
} from "@transformer-xl/model";
import { type Device, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { smallConfig } from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const V = 40;
const LENGTHS = { batchSize: 2, tgtLen: 5, extLen: 2, memLen: 4 };
const ROWS = LENGTHS.batchSize * LENGTHS.tgtLen;

/** Every word occurs, so every cluster has targets. */
const TEXT = Uint32Array.from({ length: 2 * 31 }, (_, i) => 7 * i % V);

/** Largest differences between the heads, and of the sums of probabilities from 1. */
async function differences(
  device: Device,
  settings: Partial<ModelSection>,
  fp16 = false,
): Promise<{ readonly losses: number; readonly sums: number; readonly rows: number }> {
  const config = modelOf(smallConfig({ ...settings, initStd: 0.5 }), V, settings.cutoffs ?? []);
  using model = Model.allocate(device, config, { fp16 });
  initialise(device, model.store, 11);
  using memory = new Memory(device, model, LENGTHS, "memory of losses");
  using otherMemory = new Memory(device, model, LENGTHS, "memory of log-probabilities");
  const options = { lengths: LENGTHS, drop: NO_DROPOUT };
  using losses = await device.plan("losses", (rec) => {
    const batch = model.inputs(rec, LENGTHS);
    const { nll } = model.forward(rec, batch, { ...options, memory, differentiate: false });
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  using probabilities = await device.plan("log-probabilities", (rec) => {
    const batch = model.inputs(rec, LENGTHS);
    const y = model.forward(rec, batch, {
      ...options,
      memory: otherMemory,
      head: "logProbabilities",
    });
    assertEquals([y.shape, y.dtype], [[ROWS, V], "f32"]);
    return { inputs: batch.inputs, outputs: { y }, kept: batch };
  });
  const numbers = { chunks: 1, seed: 0, step: 0, stream: 0 };
  const worst = { losses: 0, sums: 0, rows: 0 };
  for (const segment of new Batches(TEXT, LENGTHS).segments()) {
    losses.run(losses.kept.values(segment, memory, numbers));
    memory.advance(segment.rows);
    const { nll } = await losses.read("nll");
    probabilities.run(probabilities.kept.values(segment, otherMemory, numbers));
    otherMemory.advance(segment.rows);
    const { y } = await probabilities.read("y");
    for (const [row, target] of segment.targets.entries()) {
      const words = y.subarray(row * V, (row + 1) * V);
      const sum = [...words].reduce((total, value) => total + Math.exp(value), 0);
      worst.losses = Math.max(worst.losses, Math.abs(nll[row]! + words[target]!));
      worst.sums = Math.max(worst.sums, Math.abs(sum - 1));
      worst.rows++;
    }
  }
  return worst;
}

const MODELS: readonly (readonly [name: string, Partial<ModelSection>])[] = [
  ["a plain softmax", {}],
  ["weights that are not tied", { notTied: true }],
  ["an adaptive softmax", { adaptive: true, cutoffs: [10, 20, 32] }],
  ["projected embeddings", { adaptive: true, cutoffs: [10, 20], dEmbed: 12 }],
  ["narrower clusters", { adaptive: true, cutoffs: [10, 20, 32], divVal: 2 }],
  ["narrower clusters that are not tied", {
    adaptive: true,
    cutoffs: [10],
    divVal: 2,
    notTied: true,
  }],
];

for (const [name, settings] of MODELS) {
  Deno.test(`log-probabilities of ${name} sum to 1 and are the losses of targets`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    const exact = await differences(device, settings);
    assert(exact.losses < 1e-12 && exact.sums < 1e-12, JSON.stringify(exact));
    assertEquals(exact.rows, 60);
  });

  gpuTest(`log-probabilities of ${name} agree with the losses on the adapter`, async () => {
    const adapter = await differences(await openTestGpu(), settings);
    assert(adapter.losses < 2e-5 && adapter.sums < 2e-5, JSON.stringify(adapter));
  });
}

gpuTest("log-probabilities in half precision sum to 1 within its rounding", async () => {
  const half = await differences(await openTestGpu(), MODELS[4]![1], true);
  assert(half.losses < 5e-3 && half.sums < 1e-2, JSON.stringify(half));
});
