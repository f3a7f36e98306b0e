/**
 * Data that is prepared ahead: what overlaps what, by the order of events and by a clock of the test.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { Batches, createModel, type Segment } from "@transformer-xl/model";
import { type ProcessGroup, ReferenceDevice, SoloGroup } from "@transformer-xl/runtime";
import { Ahead, RunSegments, StepRunner, TrainStep } from "@transformer-xl/train";

/** Time that passes when everybody sleeps. */
class TestClock {
  nowMs = 0;
  readonly #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ untilMs: this.nowMs + ms, wake }));
  }

  /** Lets time pass until `done`. */
  async run<T>(done: Promise<T>): Promise<T> {
    let isDone = false;
    const ended = done.finally(() => isDone = true);
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 0)); // all that can go on without time
      this.#sleepers.sort((a, b) => a.untilMs - b.untilMs);
      const [next] = this.#sleepers.splice(0, 1);
      if (next === undefined) continue;
      this.nowMs = next.untilMs;
      next.wake();
    }
    return await ended;
  }
}

/** Times of `steps` steps whose data comes from a slow source. */
async function timesOf(sourceMs: number, stepMs: number, steps: number) {
  const clock = new TestClock();
  let taken = 0;
  const take = async () => {
    await clock.sleep(sourceMs);
    return taken === steps ? undefined : ++taken;
  };
  const ahead = new Ahead(take, (n) => n, () => clock.nowMs);
  const train = async () => {
    for (let want = 1; want <= steps; want++) {
      assertEquals(await ahead.next(), want);
      ahead.begin();
      await clock.sleep(stepMs);
    }
    assertEquals(await ahead.next(), undefined);
  };
  await clock.run(train());
  return { ...ahead.times, elapsedMs: clock.nowMs };
}

Deno.test("a source as slow as the step is overlapped: no step waits but the first", async () => {
  const sums = { steps: 4, readyMs: 40 };
  assertEquals(await timesOf(10, 10, 5), {
    ...sums,
    waitMs: 0,
    longestWaitMs: 0,
    elapsedMs: 60, // the first source, then five steps
  });
  assertEquals(await timesOf(10, 4, 5), {
    ...sums,
    waitMs: 24, // what the source takes longer than the step
    longestWaitMs: 6,
    elapsedMs: 60,
  });
});

Deno.test("what goes wrong ahead is thrown when the item is needed, from both kinds of source", async () => {
  const broken = () => {
    throw new Error("no text");
  };
  const sources = [broken, () => Promise.reject(new Error("no text"))];
  for (const take of sources) {
    const ahead = new Ahead<number, number>(take, (n) => n);
    ahead.begin();
    await assertRejects(() => ahead.next(), Error, "no text");
  }
  const unprepared = new Ahead(() => 1, broken);
  unprepared.begin();
  await assertRejects(() => unprepared.next(), Error, "no text");
});

const TEXT = Uint32Array.from({ length: 40 }, (_, i) => i % 4);

/** What happens in three steps, in order. */
async function eventsOf(
  device: ReferenceDevice,
  group: (events: string[]) => ProcessGroup,
  options: { readonly swapMemory?: boolean } = {},
): Promise<string[]> {
  const events: string[] = [];
  const sizes = { vocabSize: 4, nLayer: 1, dModel: 16 };
  using model = await createModel(device, sizes, { training: true });
  const ranks = group(events);
  const lengths = { batchSize: 2, tgtLen: 4, memLen: 4 };
  using step = await TrainStep.record(model, lengths, options, ranks);
  const segments = new Batches(TEXT, step.lengths).segments();
  const next = () => {
    const segment: Segment = segments.next().value!;
    events.push(`take ${1 + segment.start / 4}`);
    return { segment, place: () => null };
  };
  const runner = new StepRunner(step, ranks, { isSwapped: options.swapMemory ?? false });
  const epochs = {
    firstColumn: 0,
    continues: false,
    dropped: { pairs: 0, all: 0 },
    batchCount: 5,
    numberOf: () => 1,
    after: () => ({ next }),
    readAhead() {},
    [Symbol.dispose]() {},
  };
  const start = { step: 0, epoch: 1, lastStart: null, sentences: null };
  runner.start(new RunSegments(epochs, start, 3));
  for (let next = await runner.next(); next !== undefined; next = await runner.next()) {
    events.push(`run ${next.step}`);
    await runner.run(next, { lr: 0.01 }, () => "none");
    events.push(`done ${next.step}`);
  }
  return events;
}

const AHEAD = ["take 1", "run 1", "take 2", "done 1", "run 2", "take 3", "done 2"];

Deno.test("a segment is taken after the step before it was submitted, before that one is done", async () => {
  using loops = new ReferenceDevice({ precision: "f32" });
  const rest = ["run 3", "done 3"];
  const solo = () => new SoloGroup();
  assertEquals(await eventsOf(loops, solo, { swapMemory: true }), [...AHEAD, ...rest]);

  // A step of plain loops is done when it was submitted: taking the next segment overlaps nothing.
  const inTurns = [1, 2, 3].flatMap((n) => [`take ${n}`, `run ${n}`, `done ${n}`]);
  assertEquals(await eventsOf(loops, solo), inTurns);
  using adapter = new ReferenceDevice({ precision: "f32" });
  Object.defineProperty(adapter, "info", { value: { ...adapter.info, kind: "gpu" } });
  assertEquals(await eventsOf(adapter, solo), [...AHEAD, ...rest]);
});

Deno.test("with other processes, a segment is taken before the gradients are exchanged", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const group = (events: string[]) =>
    Object.assign(new SoloGroup(), {
      size: 2,
      async allReduceMean(values: Float32Array<ArrayBuffer>) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (events.at(-1) !== "exchange") events.push("exchange");
        return values;
      },
    });
  const events = await eventsOf(device, group);
  const withExchange = AHEAD.flatMap((event) =>
    event.startsWith("done") ? ["exchange", event] : [event]
  );
  assertEquals(events, [...withExchange, "run 3", "exchange", "done 3"]);
});
