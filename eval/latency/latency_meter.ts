/**
 * Latency and throughput of segments, without the first ones, which warm up device and memory.
 *
 * @module
 */
import { type Compat, COMPAT_RULES, type Lengths } from "@transformer-xl/model";
import { gatherNumbers, type ProcessGroup } from "@transformer-xl/runtime";
import type { SegmentLoss } from "../evaluator.ts";
import { mean, percentile, weightedMean } from "../metrics.ts";

/** Measured iterations of one text, in order, all repetitions together. */
export interface LatencyData {
  /** Iterations that ran before and are not counted. */
  readonly skipped: number;
  /** Milliseconds from submission to the loss, of every counted iteration of this process. */
  readonly latencyMs: readonly number[];
  /** Target tokens per second of every counted iteration, summed over processes. */
  readonly tokensPerSecond: readonly number[];
}

/** Averages and percentiles of {@link LatencyData}. */
export interface LatencySummary {
  /** Target tokens per second: over the whole time, or the mean of iterations as in 2019. */
  readonly tokensPerSecond: number;
  /** Arithmetic mean, milliseconds. */
  readonly meanMs: number;
  /** Milliseconds by percentage, interpolated linearly. */
  readonly percentilesMs: ReadonlyMap<number, number>;
}

/** Iterations that are not counted: those that fill the memory, and two more (one in 2019). */
export function skippedIterations(
  { memLen, tgtLen }: Pick<Lengths, "memLen" | "tgtLen">,
  compat: Compat,
): number {
  return Math.floor(memLen / tgtLen) + (COMPAT_RULES[compat].weightsThroughput ? 2 : 1);
}

/** Collects the iterations of one process. */
export class LatencyMeter {
  readonly #columns: number;
  readonly #skipped: number;
  #ran = 0;
  readonly #latencyMs: number[] = [];
  readonly #tokensPerSecond: number[] = [];

  /**
   * @param columns batch columns of this process
   * @param skipped iterations that are not counted
   */
  constructor(columns: number, skipped: number) {
    this.#columns = columns;
    this.#skipped = skipped;
  }

  /** Counts an iteration, unless it is one of the first. */
  add({ targetRows, elapsedMs }: Pick<SegmentLoss, "targetRows" | "elapsedMs">): void {
    if (this.#ran++ < this.#skipped) return;
    this.#latencyMs.push(elapsedMs);
    this.#tokensPerSecond.push(targetRows * this.#columns / elapsedMs * 1000);
  }

  /**
   * The iterations of this process, with the throughput of all processes.
   *
   * @throws {GroupError} when another rank has ended
   */
  async collect(group: ProcessGroup): Promise<LatencyData> {
    const ranks = await gatherNumbers(group, this.#tokensPerSecond);
    return {
      skipped: Math.min(this.#ran, this.#skipped),
      latencyMs: this.#latencyMs,
      tokensPerSecond: this.#tokensPerSecond.map((_, i) =>
        ranks.reduce((sum, rates) => sum + rates[i]!, 0)
      ),
    };
  }
}

/**
 * Averages and percentiles.
 *
 * @throws {RangeError} when no iteration was counted
 * @example
 * ```ts
 * import { latencySummary } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const data = { skipped: 2, latencyMs: [10, 30], tokensPerSecond: [6400, 3200] };
 * const { meanMs, tokensPerSecond, percentilesMs } = latencySummary(data, [90], "head");
 * assertEquals([meanMs, tokensPerSecond, percentilesMs.get(90)], [20, 4000, 28]);
 * ```
 */
export function latencySummary(
  { latencyMs, tokensPerSecond }: LatencyData,
  percentiles: readonly number[],
  compat: Compat,
): LatencySummary {
  return {
    percentilesMs: new Map(percentiles.map((percent) => [percent, percentile(latencyMs, percent)])),
    meanMs: mean(latencyMs),
    tokensPerSecond: COMPAT_RULES[compat].weightsThroughput
      ? weightedMean(tokensPerSecond, latencyMs)
      : mean(tokensPerSecond),
  };
}
