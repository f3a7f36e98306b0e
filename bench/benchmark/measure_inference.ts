/**
 * Measurement of latency and throughput of a model of random weights on random ids.
 *
 * @module
 */
import {
  Evaluator,
  type LatencyData,
  LatencyMeter,
  randomIds,
  skippedIterations,
} from "@transformer-xl/eval";
import { Batches, type Lengths, type Model } from "@transformer-xl/model";
import { SoloGroup } from "@transformer-xl/runtime";

/**
 * Scores segments one by one, each after the loss of the one before.
 *
 * @param options.segments segments that count, after those that warm up
 * @throws {DeviceError} when memory is short
 */
export async function measureInference(
  model: Model,
  lengths: Lengths,
  { segments, seed }: { readonly segments: number; readonly seed: number },
): Promise<LatencyData> {
  const { batchSize, tgtLen } = lengths;
  const { compat, nToken } = model.config;
  const skipped = skippedIterations(lengths, compat);
  const ids = randomIds(batchSize * ((skipped + segments) * tgtLen + 1), nToken, seed);
  using evaluator = await Evaluator.create(model, lengths);
  const meter = new LatencyMeter(batchSize, skipped);
  await evaluator.evaluate(new Batches(ids, lengths), {
    onSegment: (segment) => meter.add(segment),
  });
  return await meter.collect(new SoloGroup());
}
