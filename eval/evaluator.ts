/**
 * Evaluation: record once, run every segment, read the losses at the end. Segments that only fill
 * the memory (warm-up) run but are not scored.
 *
 * @module
 */
import {
  allLengths,
  type Batches,
  type Lengths,
  type LengthSettings,
  Memory,
  type Model,
  NO_DROPOUT,
  type Segment,
} from "@transformer-xl/model";
import { Backlog } from "./backlog.ts";
import { storeScalar, sum } from "@transformer-xl/kernels";
import type { Device, HostArray, Plan, PlanInputs, Tensor } from "@transformer-xl/runtime";
import type { BatchInputs } from "@transformer-xl/model";

/** Loss of one segment. */
export interface SegmentLoss {
  /** Mean loss of its tokens in nats. */
  readonly lossNats: number;
  /** Target rows. */
  readonly targetRows: number;
  /** False for warm-up. */
  readonly scored: boolean;
  /** Wall time until the segment was submitted and done, in milliseconds; 0 when not measured. */
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
  /** Called after each segment with its loss; reading it makes every segment wait for the device. */
  readonly onSegment?: (segment: SegmentLoss, index: number) => Promise<void> | void;
  /** Polled at intervals, after signals were handled; returns whether to stop early. */
  readonly stops?: () => boolean;
}

const YIELD_MS = 200;
const RING = 512; // number of losses kept on the device

/** A recording of the model for one set of lengths. */
export class Evaluator implements Disposable {
  readonly #device: Device;
  readonly #lengths: Lengths;
  readonly #memory: Memory;
  readonly #losses: Tensor & Disposable;
  #plan!: Plan<PlanInputs, { losses: Tensor; nll: Tensor }>;
  #inputs!: BatchInputs;

  private constructor(device: Device, lengths: Lengths, memory: Memory) {
    this.#device = device;
    this.#lengths = lengths;
    this.#memory = memory;
    this.#losses = device.state("evaluation losses", [RING]);
  }

  /**
   * Records the model for evaluation.
   *
   * @throws {DeviceError} when memory is short
   */
  static async create(model: Model, settings: LengthSettings): Promise<Evaluator> {
    const { device } = model;
    const lengths = allLengths(settings);
    const memory = new Memory(device, model, lengths, "evaluation memory");
    const evaluator = new Evaluator(device, lengths, memory);
    evaluator.#plan = await device.plan("evaluation", (rec) => {
      const batch = evaluator.#inputs = model.inputs(rec, lengths);
      const slot = rec.scalar("slot");
      const { nll } = model.forward(rec, batch, {
        lengths,
        memory,
        drop: NO_DROPOUT,
        differentiate: false,
      });
      storeScalar(rec, evaluator.#losses, slot, sum(rec, nll), { scale: batch.weight });
      return { inputs: { ...batch.inputs, slot }, outputs: { losses: evaluator.#losses, nll } };
    });
    return evaluator;
  }

  /** Launches of one segment. */
  get launchCount(): number {
    return this.#plan.launchCount;
  }

  /** Evaluates a stream, by default from an empty memory. */
  async evaluate(batches: Batches, options: EvaluateOptions = {}): Promise<EvalResult> {
    const startMs = performance.now();
    if (!options.keepMemory) this.#memory.reset();
    const ran: Segment[] = [];
    const losses: number[] = [];
    const times: number[] = [];
    const backlog = new Backlog({ first: 8, largest: RING });
    let lastYieldMs = startMs;
    const collect = async () => {
      const ring = (await this.#plan.read("losses")).losses;
      for (let i = losses.length; i < ran.length; i++) losses.push(ring[i % RING]!);
    };
    for (const segment of batches.segments()) {
      if (ran.length === options.maxSegments) break;
      const segmentMs = performance.now();
      this.run(segment, ran.length % RING);
      ran.push(segment);
      if (options.onSegment !== undefined || ran.length % RING === 0) await collect();
      else await backlog.add(collect);
      times.push(performance.now() - segmentMs);
      await options.onSegment?.(
        segmentLoss(segment, losses.at(-1)!, times.at(-1)!),
        ran.length - 1,
      );
      if (performance.now() - lastYieldMs > YIELD_MS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (options.stops?.()) break;
        lastYieldMs = performance.now();
      }
    }
    await collect();
    const segments = ran.map((segment, i) => segmentLoss(segment, losses[i]!, times[i]!));
    const scored = segments.filter(({ scored }) => scored);
    const rows = scored.reduce((sum, { targetRows }) => sum + targetRows, 0);
    return {
      lossNats: scored.reduce((sum, { lossNats, targetRows }) => sum + lossNats * targetRows, 0) /
        rows,
      tokens: rows * this.#lengths.batchSize,
      elapsedMs: performance.now() - startMs,
      segments,
    };
  }

  /** Runs one segment and advances the memory; its loss goes to `slot` of the ring. */
  run(segment: Segment, slot: number): void {
    const numbers = { chunks: 1, seed: 0, step: 0, stream: 0 };
    this.#plan.run({ ...this.#inputs.values(segment, this.#memory, numbers), slot });
    this.#memory.advance(segment.rows);
  }

  /** Clears the memory. */
  reset(): void {
    this.#memory.reset();
  }

  /** Losses of every token of the latest segment, [T B] in token order. */
  async tokenLosses(): Promise<HostArray> {
    return (await this.#plan.read("nll")).nll;
  }

  /** Frees the recording and its memory. */
  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
    this.#losses[Symbol.dispose]();
  }
}

function segmentLoss(
  { targetRows, scored: warm }: Segment,
  lossNats: number,
  elapsedMs: number,
): SegmentLoss {
  return { lossNats, targetRows, scored: warm, elapsedMs };
}
