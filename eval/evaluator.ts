/**
 * Evaluation of a text with a scorer: run every segment, read the losses of many at once. Segments
 * that only fill the memory (warm-up) run but are not scored.
 *
 * @module
 */
import type { LengthSettings, Model, Segment, SegmentSource } from "@transformer-xl/model";
import type { HostArray } from "@transformer-xl/runtime";
import { Backlog } from "./backlog.ts";
import { openScorer } from "./scorers/open_scorer.ts";
import type { ScorerOptions } from "./scorers/plan_scorer.ts";
import type { Scorer } from "./scorers/scorer.ts";

/** Loss of one segment. */
export interface SegmentLoss {
  /** Mean loss of its tokens in nats. */
  readonly lossNats: number;
  /** Target rows. */
  readonly targetRows: number;
  /** False for warm-up. */
  readonly scored: boolean;
  /**
   * Milliseconds from submission until its loss was read; of segments read together, their time
   * divided by their number.
   */
  readonly elapsedMs: number;
}

/** Result of an evaluation. */
export interface EvalResult {
  /** Mean loss in nats per token, weighted by segment length. */
  readonly lossNats: number;
  /** Scored tokens. */
  readonly tokens: number;
  /** Wall time in milliseconds. */
  readonly elapsedMs: number;
  /** Every segment, in order. */
  readonly segments: readonly SegmentLoss[];
}

/** Options of an evaluation. */
export interface EvaluateOptions {
  /** Stop after this many segments, warm-up included. */
  readonly maxSegments?: number;
  /** Keep the memory of the previous evaluation, as the reference does between repetitions. */
  readonly keepMemory?: boolean;
  /** Called with every segment, in order, after its loss was read. */
  readonly onSegment?: (segment: SegmentLoss, index: number) => Promise<void> | void;
  /**
   * With `onSegment`, losses are read at the latest after this many segments (default 1). With 1
   * every segment waits for its loss, so that its time is its latency.
   */
  readonly readEvery?: number;
  /** Polled at intervals, after signals were handled; returns whether to stop early. */
  readonly stops?: () => boolean;
}

const YIELD_MS = 200;

/** Evaluations of texts with one scorer, which it owns. */
export class Evaluator implements Disposable {
  readonly #scorer: Scorer;

  /** @param scorer disposed with the evaluator */
  constructor(scorer: Scorer) {
    this.#scorer = scorer;
  }

  /**
   * Records the model for evaluation on a device.
   *
   * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  static async create(
    model: Model,
    lengths: LengthSettings,
    options: ScorerOptions = {},
  ): Promise<Evaluator> {
    return new Evaluator(await openScorer("webgpu", model, lengths, options));
  }

  /** Evaluates a stream, by default from an empty memory. */
  async evaluate(batches: SegmentSource, options: EvaluateOptions = {}): Promise<EvalResult> {
    const startMs = performance.now();
    const scorer = this.#scorer;
    if (options.keepMemory) await scorer.losses(); // those of segments run before do not count
    else scorer.reset();
    const ran: Segment[] = [];
    const segments: SegmentLoss[] = [];
    const { onSegment, readEvery = 1, maxSegments } = options;
    const backlog = new Backlog({ first: 1, largest: scorer.capacity });
    let lastYieldMs = startMs;
    let submittedMs = startMs; // the first unread segment
    const read = async () => {
      const losses = await scorer.losses();
      const elapsedMs = (performance.now() - submittedMs) / losses.length;
      const first = segments.length;
      losses.forEach((lossNats, i) =>
        segments.push(segmentLoss(ran[first + i]!, lossNats, elapsedMs))
      );
    };
    let reported = 0;
    const report = async () => {
      if (onSegment === undefined) return;
      for (; reported < segments.length; reported++) {
        await onSegment(segments[reported]!, reported);
      }
    };
    for (const segment of batches.segments()) {
      if (ran.length === maxSegments) break;
      if (ran.length === segments.length) submittedMs = performance.now();
      scorer.run(segment);
      ran.push(segment);
      if (onSegment !== undefined && ran.length % readEvery === 0) await backlog.drain(read);
      else await backlog.add(read);
      await report();
      if (performance.now() - lastYieldMs > YIELD_MS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (options.stops?.()) break;
        lastYieldMs = performance.now();
      }
    }
    await read();
    await report();
    const scored = segments.filter(({ scored }) => scored);
    const rows = scored.reduce((sum, { targetRows }) => sum + targetRows, 0);
    return {
      lossNats: scored.reduce((sum, { lossNats, targetRows }) => sum + lossNats * targetRows, 0) /
        rows,
      tokens: rows * scorer.lengths.batchSize,
      elapsedMs: performance.now() - startMs,
      segments,
    };
  }

  /** Runs one segment and advances the memory, see {@link Scorer.run}. */
  run(segment: Segment): void {
    this.#scorer.run(segment);
  }

  /** Clears the memory. */
  reset(): void {
    this.#scorer.reset();
  }

  /** Losses of every token of the latest segment, [T B] in token order. */
  async tokenLosses(): Promise<HostArray> {
    return await this.#scorer.tokenLosses();
  }

  /** Frees the scorer. */
  [Symbol.dispose](): void {
    this.#scorer[Symbol.dispose]();
  }
}

function segmentLoss(
  { targetRows, scored }: Segment,
  lossNats: number,
  elapsedMs: number,
): SegmentLoss {
  return { lossNats, targetRows, scored, elapsedMs };
}
