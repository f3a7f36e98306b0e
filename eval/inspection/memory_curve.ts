/**
 * Loss of a text by the length of the memory. The same tokens in the same segments are scored with
 * every length.
 *
 * @module
 */
import type { CacheChoice, LengthSettings, Model, SegmentSource } from "@transformer-xl/model";
import { mean } from "../metrics.ts";
import { openScorer } from "../scorers/open_scorer.ts";
import type { MemoryLosses } from "./effective_context.ts";

/** One point of the curve. */
export interface MemoryPoint extends MemoryLosses {
  /** Loss of every counted token in nats, in the order of the text. */
  readonly losses: readonly number[];
  /** Their mean. */
  readonly lossNats: number;
}

/**
 * The loss at one length of the memory.
 *
 * @param lengths those of the segments, with this memory
 * @param from first row whose segment is counted
 * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
 * @throws {DeviceError} when memory is short
 */
export async function memoryPoint(
  model: Model,
  batches: SegmentSource,
  lengths: LengthSettings & { readonly memLen: number },
  { cache = "auto", from }: { readonly cache?: CacheChoice; readonly from: number },
): Promise<MemoryPoint> {
  using scorer = await openScorer("webgpu", model, lengths, { cache });
  const losses: number[] = [];
  for (const segment of batches.segments()) {
    scorer.run(segment);
    if (segment.start >= from) {
      losses.push(...(await scorer.tokenLosses()).subarray(0, segment.targets.length));
    }
    await scorer.losses();
  }
  return { memLen: lengths.memLen, losses, lossNats: mean(losses) };
}
