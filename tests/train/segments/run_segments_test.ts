/**
 * The segments of the steps of a run: those of its epochs, one after the other, from any place.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { cutStreams, RunSegments, type StepSegment, type TrainConfig } from "@transformer-xl/train";
import { epochSegments, smallConfig, smallCorpus } from "../../support/small_run.ts";

async function all(segments: RunSegments): Promise<StepSegment[]> {
  const found: StepSegment[] = [];
  for (let next = await segments.next(); next !== undefined; next = await segments.next()) {
    found.push(next);
  }
  return found;
}

const facts = ({ step, epoch, batch, batchCount, ended, segment }: StepSegment) => ({
  ...{ step, epoch, batch, batchCount, ended },
  inputs: [...segment.inputs],
});

for (const settings of [{ roll: true }, { varlen: true, roll: false }] as Partial<TrainConfig>[]) {
  Deno.test(`RunSegments is the epochs in turn, from any step, with ${Object.keys(settings)[0]}`, async () => {
    const config = smallConfig(settings);
    const corpus = await smallCorpus(40);
    const start = { step: 0, epoch: 1, lastStart: null, sentences: null };
    const maxStep = 60;
    const epochsOf = () => cutStreams(config, corpus).train;
    const whole = await all(new RunSegments(epochsOf(), start, maxStep));
    const want = [];
    const epochs = epochsOf();
    let step = 0;
    for (let epoch = 1; step < maxStep; epoch++) {
      for await (const { segment } of epochSegments(epochs, epoch)) {
        if (step === maxStep) break;
        const isFirst = epoch > 1 && epochs.numberOf(segment) === 1;
        const ended = isFirst ? { epoch: epoch - 1, dropped: { pairs: 0, all: 0 } } : undefined;
        const { batchCount } = epochs;
        const batch = epochs.numberOf(segment);
        want.push({ step: ++step, epoch, batch, batchCount, ended, inputs: [...segment.inputs] });
      }
    }
    assertEquals(whole.map(facts), want);
    assertEquals(whole.at(-1)!.epoch >= 3, true, "the run has ends of epochs");
    for (const last of whole.filter(({ step, ended }) => step % 17 === 0 || ended)) {
      const place = { ...last, lastStart: last.segment.start, sentences: null };
      const rest = await all(new RunSegments(epochsOf(), place, maxStep));
      assertEquals(rest.map(facts), want.slice(last.step));
    }
  });
}
