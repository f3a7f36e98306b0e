/**
 * The training step and the loop: same twice, chunks add up, learning happens, what is not
 * finite is skipped or ends the run, and nothing waits for the device between log lines.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import {
  type Corpus,
  createModel,
  openCheckpoint,
  openCorpus,
  REMEDIES,
} from "@transformer-xl/model";
import {
  type Device,
  DeviceError,
  GpuDevice,
  gradientsOf,
  readParameters,
  ReferenceDevice,
  TextLog,
  weightsOf,
  withRemedies,
} from "@transformer-xl/runtime";
import {
  CheckpointFiles,
  cutStreams,
  type LogEvent,
  modelOf,
  Reporter,
  stepOptions,
  type TrainConfig,
  type Trainer,
  type TrainEvent,
  trainingRecord,
  trainLengths,
  TrainStep,
} from "@transformer-xl/train";
import { assertClose, largest } from "../support/compare.ts";
import {
  epochSegments,
  Scratch,
  smallConfig,
  smallCorpus,
  smallTrainer,
  weightsNow,
} from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const NEVER = new AbortController().signal;

/** Plain loops in float32. */
function loops(): Device {
  return new ReferenceDevice({ precision: "f32" });
}

async function eventsOf(trainer: Trainer): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of trainer.train(NEVER)) events.push(event);
  return events;
}

/** The next log line of a run in progress. */
async function nextLog(events: AsyncGenerator<TrainEvent>): Promise<LogEvent> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error("the run ended");
    if (value.kind === "log") return value;
  }
}

/** Losses and rates, without timings. */
function numbersOf(events: readonly TrainEvent[]): unknown[] {
  return events.flatMap((event) => {
    if (event.kind === "log") return [[event.step, event.lr, event.metrics]];
    if (event.kind === "eval") return [[event.step, event.result.lossNats]];
    return [];
  });
}

gpuTest("two runs on the adapter are bit-equal", async () => {
  const config = smallConfig({ maxStep: 12, evalInterval: 6 });
  const corpus = await smallCorpus();
  const device = await openTestGpu();
  const run = async () => {
    using trainer = await smallTrainer(device, config, corpus);
    return {
      numbers: numbersOf(await eventsOf(trainer)),
      weights: await weightsNow(device, trainer),
    };
  };
  const first = await run();
  assertEquals(first.numbers.length, 4);
  assertEquals(await run(), first);
});

Deno.test("another seed gives another run", async () => {
  const corpus = await smallCorpus();
  const run = async (seed: number) => {
    using device = loops();
    using trainer = await smallTrainer(device, smallConfig({ maxStep: 5, seed }), corpus);
    return numbersOf(await eventsOf(trainer));
  };
  assertNotEquals(await run(1), await run(2));
});

/** Gradients of the second step of Adam, unclipped, from its first moments: memory is in play. */
async function momentsAfterTwo(device: Device, config: TrainConfig, corpus: Corpus) {
  const modelConfig = modelOf(config, corpus.vocabulary.size, []);
  using model = await createModel(device, modelConfig, { training: true, seed: config.seed });
  using step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const { train } = cutStreams(config, corpus);
  for await (const { segment } of epochSegments(train)) {
    if (step.stepsDone === 2) break;
    step.run(segment, { lr: 1e-3 });
  }
  const moments: Record<string, Float64Array<ArrayBuffer>> = {};
  const { layout, buffers } = step.optimizer.states["m"]!;
  for await (const [{ name }, values] of readParameters(device, layout, buffers)) {
    moments[name] = Float64Array.from(values);
  }
  return { moments, losses: (await step.metrics(2)).map(({ lossNats }) => lossNats) };
}

for (
  const { name, open, tolerance } of [
    {
      name: "plain loops in float64",
      open: () => new ReferenceDevice({ precision: "f64" }),
      tolerance: 1e-9,
    },
    { name: "the adapter", open: () => GpuDevice.open(), tolerance: 2e-4 },
  ] as const
) {
  Deno.test(`1, 2 and 4 batch chunks give the same gradients up to rounding on ${name}`, async () => {
    using device = await open();
    const corpus = await smallCorpus();
    const run = (batchChunk: number) =>
      momentsAfterTwo(
        device,
        smallConfig({ batchChunk, dropout: 0, dropatt: 0, optim: "adam", clip: 1e6, nLayer: 1 }),
        corpus,
      );
    const whole = await run(1);
    for (const batchChunk of [2, 4]) {
      const { moments, losses } = await run(batchChunk);
      assertClose(
        Float64Array.from(losses),
        Float64Array.from(whole.losses),
        10 * tolerance,
        `losses with ${batchChunk} chunks`,
      );
      for (const [tensor, values] of Object.entries(moments)) {
        const want = whole.moments[tensor]!;
        assertClose(values, want, tolerance * largest(want), `${tensor} with ${batchChunk} chunks`);
      }
    }
  });
}

for (
  const { optim, lr, place, open } of [
    { optim: "adam", lr: 0.01, place: "the adapter", open: openTestGpu },
    { optim: "lamb", lr: 0.05, place: "plain loops", open: loops },
  ] as const
) {
  Deno.test(`a tiny text is learnt by heart with ${optim} on ${place}`, async () => {
    await using scratch = new Scratch();
    const verse = "the cat sat on the mat and the dog lay by the door\n".repeat(40);
    const corpus = await openCorpus({
      dataset: "text",
      path: await scratch.text("verse.txt", verse),
    });
    const config = smallConfig({
      optim,
      lr,
      dropout: 0,
      dropatt: 0,
      maxStep: 150,
      warmupStep: 10,
      evalInterval: 150,
      logInterval: 10,
    });
    using trainer = await smallTrainer(await open(), config, corpus);
    const events = await eventsOf(trainer);
    const logs = events.filter((event) => event.kind === "log");
    const evaluation = events.find((event) => event.kind === "eval")!;
    assert(logs[0]!.metrics[0]!.lossNats > 2, "an untrained network guesses among 12 symbols");
    assertLess(logs.at(-1)!.metrics.at(-1)!.lossNats, 0.1);
    assertLess(evaluation.result.lossNats, 0.1);
  });
}

/** A run that logs every step, so that state can be changed between steps. */
async function stepByStep(device: Device): Promise<Trainer> {
  const config = smallConfig({ maxStep: 10, logInterval: 1, evalInterval: 10, noEval: true });
  return await smallTrainer(device, config, await smallCorpus());
}

for (const [name, value] of [["infinite", Infinity], ["undefined", NaN]] as const) {
  Deno.test(`an update with an ${name} gradient is skipped, warned of, and training goes on`, async () => {
    using device = loops();
    using trainer = await stepByStep(device);
    const events = trainer.train(NEVER);
    assertEquals((await nextLog(events)).metrics[0]!.applied, true);
    const before = await weightsNow(device, trainer);

    device.write(gradientsOf(trainer.store)[0]!, 3, Float32Array.of(value));
    const skipped = await nextLog(events);
    assertEquals(skipped.metrics[0]!.applied, false);
    assert(!Number.isFinite(skipped.metrics[0]!.gradientNorm));
    assert(Number.isFinite(skipped.metrics[0]!.lossNats));
    assertEquals(await weightsNow(device, trainer), before);

    let screen = "";
    const text = new TextLog({ console: (line) => void (screen += line) });
    new Reporter(text, undefined, { characters: false }).report(skipped);
    assertEquals(
      screen.split("\n")[1],
      `A gradient was not finite, the update was skipped: step ${skipped.step}`,
    );

    const next = await nextLog(events);
    assertEquals(next.metrics[0]!.applied, true);
    assertNotEquals(await weightsNow(device, trainer), before);
    await events.return(undefined);
  });
}

Deno.test("dev_perf keeps the last rate of the warm-up, lowers it from there, and saves it", async () => {
  await using scratch = new Scratch();
  using device = loops();
  const config = smallConfig({
    scheduler: "dev_perf",
    lr: 1e-6, // so small that no validation is better than the first by one part in 10,000
    warmupStep: 4,
    maxStep: 8,
    logInterval: 1,
    evalInterval: 2,
  });
  using trainer = await smallTrainer(device, config, await smallCorpus());
  const files = new CheckpointFiles(scratch.path, { saveAll: false });
  const printed: string[] = [];
  for await (const event of trainer.train(NEVER, files)) {
    if (event.kind === "log") printed.push(event.lr.toExponential(3));
  }
  assertEquals(
    printed,
    [1, 2, 3, 3, 1.5, 1.5, 0.75, 0.75].map((quarters) => (quarters * 2.5e-7).toExponential(3)),
  );
  using checkpoint = await openCheckpoint(files.last);
  assertAlmostEquals(trainingRecord(checkpoint).progress.plateau.rate, 9.375e-8, 1e-15);
});

Deno.test("a loss that is not a number ends the run with its step and the remedy", async () => {
  using device = loops();
  using trainer = await stepByStep(device);
  const events = trainer.train(NEVER);
  await nextLog(events);
  const weights = weightsOf(trainer.store)[0]!;
  device.write(weights, 0, new Float32Array(weights.length).fill(NaN));
  await assertRejects(
    () => withRemedies(REMEDIES, () => nextLog(events)),
    DeviceError,
    "Cannot continue training: the loss of step 2 is NaN; lower --lr",
  );
});

/** How often a run waited for the adapter, per log line. */
async function waitsPerLine(device: GpuDevice, logInterval: number): Promise<number[]> {
  const config = smallConfig({ maxStep: 24, logInterval, evalInterval: 24, noEval: true });
  using trainer = await smallTrainer(device, config, await smallCorpus());
  const waits: number[] = [];
  let waited = 0;
  const counting = <F extends (...args: never[]) => unknown>(wait: F): F =>
    function (this: unknown, ...args: never[]) {
      waited++;
      return wait.apply(this, args);
    } as F;
  const probe = device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
  const buffers = Object.getPrototypeOf(probe) as GPUBuffer;
  const queues = Object.getPrototypeOf(device.gpu.queue) as GPUQueue;
  const [{ mapAsync }, { onSubmittedWorkDone }] = [buffers, queues];
  buffers.mapAsync = counting(mapAsync);
  queues.onSubmittedWorkDone = counting(onSubmittedWorkDone);
  try {
    for await (const event of trainer.train(NEVER)) {
      if (event.kind !== "log") continue;
      waits.push(waited);
      waited = 0;
    }
  } finally {
    buffers.mapAsync = mapAsync;
    queues.onSubmittedWorkDone = onSubmittedWorkDone;
    probe.destroy();
  }
  return waits;
}

gpuTest(
  "a training step waits for nothing: a log line of eight steps reads as often as one of one",
  async () => {
    const device = await openTestGpu();
    const [readsOfLine, ...others] = await waitsPerLine(device, 1);
    assert(readsOfLine! > 0, "a log line reads losses");
    assertEquals(others, others.map(() => readsOfLine!));
    assertEquals(await waitsPerLine(device, 8), [readsOfLine!, readsOfLine!, readsOfLine!]);
  },
);
