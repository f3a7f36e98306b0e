/**
 * A training step of given sizes on a device of its own.
 *
 * @module
 */
import { createModel, type Lengths, type ModelSettings, type Segment } from "@transformer-xl/model";
import type { Cost, Device, PlanTimes } from "@transformer-xl/runtime";
import { TrainStep } from "@transformer-xl/train";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import type { StepSizes } from "./axes.ts";

const SEED = 1111;
const RATES = { lr: 1e-3 };
const HEAD_SIZE = 32;
const SEGMENTS = 4;

/** Model settings of sizes. */
export function modelOfSizes(
  { vocabSize, nLayer, dModel }: Pick<StepSizes, "vocabSize" | "nLayer" | "dModel">,
): ModelSettings {
  const dHead = Math.min(HEAD_SIZE, dModel);
  const nHead = Math.ceil(dModel / dHead);
  return { vocabSize, nLayer, nHead, dHead, dModel, dInner: 4 * dModel, dropout: 0.1 };
}

/** A recorded step, with its model and device. */
export class GrownStep implements AsyncDisposable {
  /** Work of a step, with every cluster at its share. */
  readonly cost: Cost;
  /** Kernel launches of a step. */
  readonly launches: number;
  /** Bytes on the device. */
  readonly deviceBytes: number;
  /** Milliseconds to record the plans, and to compile them. */
  readonly planMs: { readonly record: number; readonly compile: number };
  readonly #device: Device;
  readonly #step: TrainStep;
  readonly #segments: readonly Segment[];
  readonly #owned: AsyncDisposable;
  #ran = 0;

  private constructor(
    device: Device,
    step: TrainStep,
    plans: readonly PlanTimes[],
    segments: readonly Segment[],
    owned: AsyncDisposable,
  ) {
    const sum = (of: (times: PlanTimes) => number) =>
      plans.reduce((all, times) => all + of(times), 0);
    this.cost = step.cost();
    this.launches = step.plans.reduce((all, { launchCount }) => all + launchCount, 0);
    this.deviceBytes = device.liveBytes;
    this.planMs = { record: sum(({ recordMs }) => recordMs), compile: sum((of) => of.compileMs) };
    this.#device = device;
    this.#step = step;
    this.#segments = segments;
    this.#owned = owned;
  }

  /**
   * Records a step.
   *
   * @param open the device, which the step owns
   */
  static async record(sizes: StepSizes, open: () => Promise<Device>): Promise<GrownStep> {
    await using stack = new AsyncDisposableStack();
    const device = stack.use(await open());
    const plans: PlanTimes[] = [];
    device.onPlan = (times) => plans.push(times);
    const { batchSize, tgtLen, memLen, batchChunk } = sizes;
    const lengths: Lengths = { batchSize, tgtLen, memLen, extLen: 0 };
    const model = stack.use(
      await createModel(device, modelOfSizes(sizes), { training: true, seed: SEED }),
    );
    const step = stack.use(await TrainStep.record(model, lengths, { batchChunk }));
    const segments = zipfSegments(lengths, sizes.vocabSize, SEED, SEGMENTS);
    return new GrownStep(device, step, plans, segments, stack.move());
  }

  /** Runs steps and waits for them; returns milliseconds per step. */
  async run(steps: number): Promise<number> {
    const startMs = performance.now();
    for (let n = 0; n < steps; n++) {
      this.#step.run(this.#segments[this.#ran++ % SEGMENTS]!, RATES);
    }
    await this.#device.idle();
    return (performance.now() - startMs) / steps;
  }

  /** Frees step, model and device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }
}
