/**
 * Scorers of evaluations.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DEVICE_SCORER_TYPES, Evaluator, openScorer, type Scorer } from "@transformer-xl/eval";
import { Batches, initialise, Model, type Segment } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { smallConfig, smallCorpus } from "../support/small_run.ts";

const LENGTHS = { batchSize: 1, tgtLen: 2, extLen: 0, memLen: 4 };

/** Scores a segment by its first target, and keeps three losses at most. */
class FakeScorer implements Scorer {
  readonly lengths = LENGTHS;
  readonly capacity: number = 3;
  readonly #unread: number[] = [];
  resets = 0;
  reads = 0;

  run({ targets }: Segment): void {
    if (this.#unread.length === this.capacity) throw new RangeError("Cannot score: unread losses");
    this.#unread.push(targets[0]!);
  }

  losses(): Promise<number[]> {
    this.reads++;
    return Promise.resolve(this.#unread.splice(0));
  }

  tokenLosses(): Promise<Float32Array<ArrayBuffer>> {
    return Promise.resolve(new Float32Array(2));
  }

  reset(): void {
    this.resets++;
    this.#unread.length = 0;
  }

  [Symbol.dispose](): void {}
}

Deno.test("an evaluation reads the losses of any scorer before it has too many", async () => {
  const scorer = new FakeScorer();
  using evaluator = new Evaluator(scorer);
  const batches = new Batches(Uint32Array.from({ length: 41 }, (_, i) => i), LENGTHS);
  const { segments, lossNats, tokens } = await evaluator.evaluate(batches);
  assertEquals(
    segments.map((segment) => segment.lossNats),
    [...Array(20).keys()].map((i) => 2 * i + 1),
  );
  assertEquals([lossNats, tokens, scorer.resets], [20, 40, 1]);
  await evaluator.evaluate(batches, { keepMemory: true });
  assertEquals(scorer.resets, 1);
});

Deno.test("losses are read after every segment for its latency, and for a log line otherwise", async () => {
  const batches = new Batches(Uint32Array.from({ length: 25 }, (_, i) => i), LENGTHS);
  const readsOf = async (readEvery: number) => {
    const scorer = Object.assign(new FakeScorer(), { capacity: 1000 });
    using evaluator = new Evaluator(scorer);
    const seen: number[] = [];
    const { segments } = await evaluator.evaluate(batches, {
      readEvery,
      onSegment: ({ lossNats, elapsedMs }, index) => {
        assertEquals(index, seen.length);
        assert(elapsedMs >= 0);
        seen.push(lossNats);
      },
    });
    assertEquals(seen, segments.map(({ lossNats }) => lossNats));
    return { reads: scorer.reads, segments };
  };
  const each = await readsOf(1);
  assertEquals([each.segments.length, each.reads], [12, 13]); // and once at the end
  const rare = await readsOf(6);
  assert(rare.reads < each.reads, `${rare.reads} reads`); // after 1, 2, 3 and 6 segments
});

for (const type of DEVICE_SCORER_TYPES) {
  Deno.test(`the scorer ${type} gives losses in order, once, and refuses to drop any`, async () => {
    using device = new ReferenceDevice({ precision: "f32" });
    const corpus = await smallCorpus();
    const config = smallConfig({ nLayer: 1 });
    using model = Model.allocate(device, modelOf(config, corpus.vocabulary.size, []));
    initialise(device, model.store, 3);
    using scorer = await openScorer(type, model, LENGTHS);
    assertEquals(await scorer.losses(), []);
    const segments = [...new Batches(corpus.train, LENGTHS).segments()].slice(0, 4);
    for (const segment of segments) scorer.run(segment);
    const all = await scorer.losses();
    assertEquals([all.length, await scorer.losses()], [4, []]);
    scorer.reset();
    const one: number[] = [];
    for (const segment of segments) {
      scorer.run(segment);
      const [loss] = await scorer.losses();
      const tokens = await scorer.tokenLosses();
      one.push(loss!);
      assertEquals(loss, Math.fround(Math.fround(tokens[0]! + tokens[1]!) / 2));
    }
    assertEquals(one, all);
    for (let n = 0; n < scorer.capacity; n++) scorer.run(segments[0]!);
    assertThrows(() => scorer.run(segments[0]!), RangeError, "are unread");
  });
}
