/**
 * Segments of varying length: their losses, their log lines and what a run of them needs.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Batches, createModel, meanLength, MOST_EXTRA_ROWS } from "@transformer-xl/model";
import { PORTABLE_LIMITS, ReferenceDevice } from "@transformer-xl/runtime";
import { footprint, type LogEvent, modelOf, TrainStep } from "@transformer-xl/train";
import { smallConfig, smallCorpus, smallTrainer } from "../../support/small_run.ts";

const TEXT = Uint32Array.from({ length: 120 }, (_, i) => (i * i + 3 * i) % 11);

/** Summed losses of the text in segments of at most `longest` rows, each weighted by its length. */
async function summedLoss(batches: Batches, longest: number, memLen: number): Promise<number> {
  using device = new ReferenceDevice({ precision: "f64" });
  const sizes = { vocabSize: 11, nLayer: 2, dModel: 16, dropout: 0 };
  using model = await createModel(device, sizes, { training: true });
  const lengths = { batchSize: 2, tgtLen: longest, memLen };
  using step = await TrainStep.record(model, lengths, { optimizer: "sgd" });
  const segments = [...batches.segments()];
  for (const segment of segments) step.run(segment, { lr: 0 });
  const losses = await step.losses();
  return losses.reduce((sum, loss, i) => sum + loss * segments[i]!.targetRows, 0);
}

Deno.test("segments of any length have the losses of one segment when the memory holds all", async () => {
  const whole = new Batches(TEXT, { batchSize: 2, tgtLen: 60 });
  const varied = new Batches(TEXT, { batchSize: 2, tgtLen: 8 });
  varied.vary(3, 1);
  const rows = [...varied.segments()].reduce((sum, { targetRows }) => sum + targetRows, 0);
  assertEquals(rows, whole.rows - 1); // nothing is left over
  const want = await summedLoss(whole, 60, 0);
  assertAlmostEquals(await summedLoss(varied, 8 + MOST_EXTRA_ROWS, 60), want, 1e-11);
});

Deno.test("a run of varying segments counts its batches and tokens, epoch by epoch", async () => {
  const corpus = await smallCorpus();
  using device = new ReferenceDevice({ precision: "f32" });
  const settings = { varlen: true, logInterval: 1, maxStep: 45, noEval: true } as const;
  using trainer = await smallTrainer(device, smallConfig(settings), corpus);
  const logs: LogEvent[] = [];
  for await (const event of trainer.train(new AbortController().signal)) {
    if (event.kind === "log") logs.push(event);
  }
  const batches = new Batches(corpus.train, { batchSize: 4, tgtLen: 8 });
  for (const epoch of [1, 2]) {
    batches.vary(1111, epoch);
    const lengths = [...batches.segments()].map(({ targetRows }) => targetRows);
    const own = logs.filter((log) => log.epoch === epoch);
    if (epoch === 1) assertEquals(own.length, lengths.length);
    assert(new Set(lengths).size > 5);
    for (const [i, { batch, batchCount, msPerBatch, tokensPerSecond }] of own.entries()) {
      assertEquals([batch, batchCount], [i + 1, lengths.length]);
      assertAlmostEquals(tokensPerSecond * msPerBatch / 1000, 4 * lengths[i]!, 1e-6);
    }
  }
});

Deno.test("the plan of varying segments has the rows of the longest, and work per mean token", async () => {
  const plan = async (settings: Parameters<typeof smallConfig>[0]) => {
    const config = smallConfig({ ...settings, noEval: true });
    return await footprint(config, modelOf(config, 100, []), PORTABLE_LIMITS);
  };
  const varied = await plan({ varlen: true });
  const longest = await plan({ tgtLen: 8 + MOST_EXTRA_ROWS });
  assertEquals(varied.bytes, longest.bytes);
  assertEquals(varied.launches, longest.launches);
  const share = (8 + MOST_EXTRA_ROWS) / meanLength({ seed: 1111, tgtLen: 8 });
  assertAlmostEquals(varied.flopsPerToken, longest.flopsPerToken * share, 1e-6);
});
