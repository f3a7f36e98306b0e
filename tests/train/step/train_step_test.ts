/**
 * Training steps: their count, their losses and what they refuse.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Batches, createModel } from "@transformer-xl/model";
import { ConfigError, readParameters, ReferenceDevice, weightsOf } from "@transformer-xl/runtime";
import { TrainStep } from "@transformer-xl/train";

const SIZES = { vocabSize: 4, nLayer: 1, dModel: 16, dropout: 0 };
const LENGTHS = { batchSize: 2, tgtLen: 4, memLen: 4 };
const TEXT = Uint32Array.from({ length: 100 }, (_, i) => i % 4);

const loops = () => new ReferenceDevice({ precision: "f32" });

Deno.test("a step counts: two runs of a half are one of the whole, and old losses give way", async () => {
  const run = async (parts: readonly number[]) => {
    using device = loops();
    using model = await createModel(device, { ...SIZES, dropout: 0.5 }, { training: true });
    const options = { optimizer: "adam", ringSize: 4 } as const;
    using step = await TrainStep.record(model, LENGTHS, options);
    const segments = [...new Batches(TEXT, step.lengths).segments()];
    const losses: number[][] = [];
    for (const count of parts) {
      for (const segment of segments.splice(0, count)) step.run(segment, { lr: 0.01 });
      losses.push(await step.losses());
    }
    assertEquals(step.stepsDone, 6);
    await assertRejects(() => step.metrics(5), RangeError, "4 are kept");
    const { store } = model;
    const weights = await Array.fromAsync(readParameters(device, store, weightsOf(store)));
    return { losses, weights: weights.flatMap(([, values]) => [...values]) };
  };
  const whole = await run([6, 0]);
  const halves = await run([3, 3]);
  assertEquals(whole.losses.map(({ length }) => length), [4, 0]);
  assertEquals(halves.losses.map(({ length }) => length), [3, 3]);
  assertEquals(whole.losses[0], halves.losses.flat().slice(2));
  assertEquals(whole.weights, halves.weights);
  assert(halves.losses.flat().every(Number.isFinite));
});

Deno.test("a step refuses a model without gradients, other segments and uneven chunks", async () => {
  using device = loops();
  using scoring = await createModel(device, SIZES);
  await assertRejects(() => TrainStep.record(scoring, LENGTHS), TypeError, "training: true");
  using model = await createModel(device, SIZES, { training: true });
  const chunks = { batchChunk: 3 };
  await assertRejects(() => TrainStep.record(model, LENGTHS, chunks), ConfigError, "3 equal");
  using step = await TrainStep.record(model, LENGTHS);
  for (const other of [{ batchSize: 1 }, { tgtLen: 5 }, { extLen: 2 }]) {
    const segment = new Batches(TEXT, { ...step.lengths, ...other }).segment(4);
    assertThrows(() => step.run(segment, { lr: 0.01 }), RangeError, "Cannot run a segment of");
  }
  assertEquals(step.stepsDone, 0);
});
