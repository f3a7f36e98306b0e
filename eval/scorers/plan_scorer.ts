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
  type CacheChoice,
  InferenceMemory,
  type Lengths,
  type LengthSettings,
  type Model,
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

/** Options of a scorer. */
export interface ScorerOptions {
  /** What memory rows are kept as (default "auto": keys and values where they stay right). */
  readonly cache?: CacheChoice;
}

/** What a scorer owns on the device. */
interface Owned {
  readonly memory: InferenceMemory;
  readonly ring: Tensor & Disposable;
  readonly plan: ScoringPlan;
}

/** A recording of the model for one set of lengths. */
export class PlanScorer implements Scorer {
  /** See {@link Scorer.lengths}. */
  readonly lengths: Lengths;
  /** See {@link Scorer.capacity}. */
  readonly capacity = RING;
  readonly #owned: Owned;
  #ran = 0;
  #read = 0;

  private constructor(lengths: Lengths, owned: Owned) {
    this.lengths = lengths;
    this.#owned = owned;
  }

  /**
   * Records the model.
   *
   * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  static async open(
    model: Model,
    settings: LengthSettings,
    options: ScorerOptions = {},
  ): Promise<PlanScorer> {
    const { device } = model;
    const lengths = allLengths(settings);
    using stack = new DisposableStack();
    const label = "evaluation memory";
    const memory = stack.use(await InferenceMemory.open(model, lengths, { ...options, label }));
    const ring = stack.use(device.state("evaluation losses", [RING]));
    const plan = await device.plan("evaluation", (rec) => {
      const batch = model.inputs(rec, lengths);
      const slot = rec.scalar("slot");
      const { nll } = model.forward(rec, batch, { ...memory.recording, differentiate: false });
      storeScalar(rec, ring, slot, sum(rec, nll), { scale: batch.weight });
      return { inputs: { ...batch.inputs, slot }, outputs: { ring, nll }, kept: batch };
    });
    stack.move();
    return new PlanScorer(lengths, { memory, ring, plan });
  }

  /** See {@link Scorer.run}. */
  run(segment: Segment): void {
    if (this.#ran - this.#read === RING) {
      throw new RangeError(`Cannot score a segment: the losses of ${RING} segments are unread`);
    }
    const { plan, memory } = this.#owned;
    memory.run(plan, plan.kept, segment, { slot: this.#ran++ % RING });
  }

  /** See {@link Scorer.losses}. */
  async losses(): Promise<number[]> {
    if (this.#read === this.#ran) return [];
    const { ring } = await this.#owned.plan.read("ring");
    const from = this.#read;
    this.#read = this.#ran;
    return Array.from({ length: this.#ran - from }, (_, i) => ring[(from + i) % RING]!);
  }

  /** See {@link Scorer.tokenLosses}. */
  async tokenLosses(): Promise<HostArray> {
    return (await this.#owned.plan.read("nll")).nll;
  }

  /** See {@link Scorer.reset}. */
  reset(): void {
    this.#owned.memory.reset();
    this.#read = this.#ran;
  }

  /** Frees the recording and its memory. */
  [Symbol.dispose](): void {
    for (const owned of Object.values(this.#owned)) owned[Symbol.dispose]();
  }
}
