/**
 * Means over the segments between two log lines.
 *
 * @module
 */
import { gatherNumbers, type ProcessGroup } from "@transformer-xl/runtime";
import type { SegmentLoss } from "../evaluator.ts";
import { mean, weightedMean } from "../metrics.ts";

/** Segments since the last line. */
export interface SegmentMeans {
  /** The last of them, from 1. */
  readonly step: number;
  /** Mean of their losses in nats per token. */
  readonly lossNats: number;
  /** Mean wall time per segment. */
  readonly msPerBatch: number;
  /** Mean of their target tokens per second. */
  readonly tokensPerSecond: number;
}

/** Collects segments of one process. */
export class SegmentMeter {
  readonly #interval: number;
  readonly #columns: number;
  #pending: SegmentLoss[] = [];

  /**
   * @param interval segments between two lines
   * @param columns batch columns of this process
   */
  constructor(interval: number, columns: number) {
    this.#interval = interval;
    this.#columns = columns;
  }

  /** The means when a line is due after segment `index`, from 0. */
  add(segment: SegmentLoss, index: number): SegmentMeans | undefined {
    this.#pending.push(segment);
    if ((index + 1) % this.#interval !== 0) return undefined;
    const pending = this.#pending;
    this.#pending = [];
    return {
      step: index + 1,
      lossNats: mean(pending.map(({ lossNats }) => lossNats)),
      msPerBatch: mean(pending.map(({ elapsedMs }) => elapsedMs)),
      tokensPerSecond: mean(
        pending.map(({ targetRows, elapsedMs }) => targetRows * this.#columns / elapsedMs * 1000),
      ),
    };
  }
}

/**
 * The means over all ranks, equal on all ranks: losses weighted by batch columns, the time of the
 * slowest rank, the sum of tokens per second.
 *
 * @param columns batch columns of this process
 * @throws {GroupError} when another rank has ended
 */
export async function combineMeans(
  group: ProcessGroup,
  own: SegmentMeans,
  columns: number,
): Promise<SegmentMeans> {
  if (group.size === 1) return own;
  const { lossNats, msPerBatch, tokensPerSecond } = own;
  const parts = await gatherNumbers(group, [lossNats, columns, msPerBatch, tokensPerSecond]);
  const values = (i: number) => parts.map((part) => part[i]!);
  return {
    step: own.step,
    lossNats: weightedMean(values(0), values(1)),
    msPerBatch: Math.max(...values(2)),
    tokensPerSecond: values(3).reduce((sum, rate) => sum + rate, 0),
  };
}
