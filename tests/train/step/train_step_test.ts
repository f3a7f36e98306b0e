/**
 * Training steps: their count, their losses and what they refuse.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Batches, createModel } from "@transformer-xl/model";
import { ConfigError, readParameters, ReferenceDevice, weightsOf } from "@transformer-xl/runtime";
import { type StepMetrics, type StepOptions, TrainStep } from "@transformer-xl/train";

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

Deno.test("segments prepared ahead give the bits of segments that were not, and fit one step", async () => {
  const run = async (isAhead: boolean, options: StepOptions) => {
    using device = loops();
    using model = await createModel(device, { ...SIZES, vocabSize: 9, dropout: 0.5 }, {
      training: true,
    });
    using step = await TrainStep.record(model, LENGTHS, { batchChunk: 2, ...options });
    const segments = [...new Batches(TEXT, step.lengths).segments()];
    const given = isAhead ? segments.map((segment, n) => step.prepare(segment, n)) : segments;
    if (isAhead) assertThrows(() => step.run(given[1]!, { lr: 0.01 }), RangeError, "for step 2 as");
    for (const segment of given) step.run(segment, { lr: 0.01 });
    assertEquals(step.stepsDone, segments.length);
    const { store } = model;
    const weights = await Array.fromAsync(readParameters(device, store, weightsOf(store)));
    return weights.flatMap(([, values]) => [...values]);
  };
  for (const options of [{}, { samples: 3 }]) {
    assertEquals(await run(true, options), await run(false, options));
  }
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

Deno.test("a step refuses lengths without rows and optimizers without a name in the registry", async () => {
  using device = loops();
  using model = await createModel(device, SIZES, { training: true });
  for (const wrong of [{ batchSize: 0 }, { tgtLen: 1.5 }, { memLen: -1 }, { extLen: NaN }]) {
    const [[name, length] = []] = Object.entries(wrong);
    await assertRejects(
      () => TrainStep.record(model, { ...LENGTHS, ...wrong }),
      ConfigError,
      `Cannot record a model with ${name} ${length}: a whole number from `,
    );
  }
  await assertRejects(
    () => TrainStep.record(model, LENGTHS, { optimizer: "adma" as "adam" }),
    ConfigError,
    'Cannot use optimizer "adma": expected one of lamb, ',
  );
});

Deno.test("without the embedding in the norm, its gradients stay whole and the others are clipped", async () => {
  const moves = async (options: Partial<StepOptions>) => {
    using device = new ReferenceDevice({ precision: "f64" });
    using model = await createModel(device, SIZES, { training: true });
    const { store } = model;
    const read = () => Array.fromAsync(readParameters(device, store, weightsOf(store)));
    using step = await TrainStep.record(model, LENGTHS, { optimizer: "sgd", ...options });
    const before = await read();
    step.run(new Batches(TEXT, step.lengths).segment(0), { lr: 1 });
    const after = await read();
    const [{ gradientNorm }] = await step.metrics(1) as [StepMetrics];
    const gradients = new Map(after.map(([{ name }, values], i) => [
      name,
      [...values].map((value, k) => before[i]![1][k]! - value),
    ]));
    return { gradients, gradientNorm };
  };
  const whole = await moves({ clip: Infinity });
  const clip = whole.gradientNorm / 1000;
  const { gradients, gradientNorm } = await moves({ clip, clipsEmbedding: false });
  const others = [...whole.gradients].filter(([name]) => !name.startsWith("word_emb."));
  const norm = Math.hypot(...others.flatMap(([, values]) => values));
  assertAlmostEquals(gradientNorm, norm, 1e-12);
  assert(whole.gradients.size > others.length && norm < whole.gradientNorm);
  for (const [name, values] of whole.gradients) {
    const factor = name.startsWith("word_emb.") ? 1 : clip / (norm + 1e-6);
    values.forEach((g, k) => assertAlmostEquals(gradients.get(name)![k]!, factor * g, 1e-12));
  }
});
