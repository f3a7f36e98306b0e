/**
 * Scorer that records the model once, as a plan on a device, and replays it for every segment. Losses
 * stay in a ring on the device until they are read.
 *
 * @module
 */
import { storeScalar, sum } from "@transformer-xl/kernels";
import {
  allLengths,
  type BatchInputs,
  type Lengths,
  type LengthSettings,
  Memory,
  type Model,
  NO_DROPOUT,
  type Segment,
} from "@transformer-xl/model";
import type { HostArray, Plan, PlanInputs, Scalar, Tensor } from "@transformer-xl/runtime";
import type { Scorer } from "./scorer.ts";

const RING = 512;

type ScoringPlan = Plan<
  PlanInputs & { readonly slot: Scalar },
  { readonly ring: Tensor; readonly nll: Tensor },
  BatchInputs
>;

/** A recording of the model for one set of lengths. */
export class PlanScorer implements Scorer {
  /** See {@link Scorer.lengths}. */
  readonly lengths: Lengths;
  /** See {@link Scorer.capacity}. */
  readonly capacity = RING;
  readonly #memory: Memory;
  readonly #ring: Tensor & Disposable;
  readonly #plan: ScoringPlan;
  #ran = 0;
  #read = 0;

  private constructor(
    lengths: Lengths,
    memory: Memory,
    ring: Tensor & Disposable,
    plan: ScoringPlan,
  ) {
    this.lengths = lengths;
    this.#memory = memory;
    this.#ring = ring;
    this.#plan = plan;
  }

  /**
   * Records the model.
   *
   * @throws {DeviceError} when memory is short
   */
  static async open(model: Model, settings: LengthSettings): Promise<PlanScorer> {
    const { device } = model;
    const lengths = allLengths(settings);
    const memory = new Memory(device, model, lengths, "evaluation memory");
    const ring = device.state("evaluation losses", [RING]);
    const plan = await device.plan("evaluation", (rec) => {
      const batch = model.inputs(rec, lengths);
      const slot = rec.scalar("slot");
      const { nll } = model.forward(rec, batch, {
        lengths,
        memory,
        drop: NO_DROPOUT,
        differentiate: false,
      });
      storeScalar(rec, ring, slot, sum(rec, nll), { scale: batch.weight });
      return { inputs: { ...batch.inputs, slot }, outputs: { ring, nll }, kept: batch };
    });
    return new PlanScorer(lengths, memory, ring, plan);
  }

  /** See {@link Scorer.run}. */
  run(segment: Segment): void {
    if (this.#ran - this.#read === RING) {
      throw new RangeError(`Cannot score a segment: the losses of ${RING} segments are unread`);
    }
    const numbers = { chunks: 1, seed: 0, step: 0, stream: 0 };
    const slot = this.#ran++ % RING;
    this.#plan.run({ ...this.#plan.kept.values(segment, this.#memory, numbers), slot });
    this.#memory.advance(segment.rows);
  }

  /** See {@link Scorer.losses}. */
  async losses(): Promise<number[]> {
    if (this.#read === this.#ran) return [];
    const { ring } = await this.#plan.read("ring");
    const from = this.#read;
    this.#read = this.#ran;
    return Array.from({ length: this.#ran - from }, (_, i) => ring[(from + i) % RING]!);
  }

  /** See {@link Scorer.tokenLosses}. */
  async tokenLosses(): Promise<HostArray> {
    return (await this.#plan.read("nll")).nll;
  }

  /** See {@link Scorer.reset}. */
  reset(): void {
    this.#memory.reset();
    this.#read = this.#ran;
  }

  /** Frees the recording and its memory. */
  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
    this.#ring[Symbol.dispose]();
  }
}
