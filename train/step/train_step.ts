/**
 * The plans of a training step with the objects they own: optimizer state, memories, rings. {@link
 * TrainStep.run} submits a step.
 *
 * @module
 */
import { LossScale, openOptimizer, type Optimizer } from "@transformer-xl/kernels";
import type { Memory, Segment, TransformerXL } from "@transformer-xl/model";
import type {
  Cost,
  Device,
  OpTime,
  ParameterStore,
  Plan,
  PlanInputs,
  PlanOutputs,
  ProcessGroup,
  RunValues,
} from "@transformer-xl/runtime";
import { splitColumns } from "./split_columns.ts";
import { GradientExchange } from "../data_parallel/gradient_exchange.ts";
import type { RunRequest } from "../data_parallel/request.ts";
import { MetricRings, type StepMetrics } from "./metric_rings.ts";
import {
  type GradientPlan,
  recordGradients,
  recordOptimizer,
  type StepParts,
  type StepSettings,
} from "./step.ts";

/** A recorded training step. */
export class TrainStep implements Disposable {
  readonly #parts: StepParts;
  readonly #settings: StepSettings;
  readonly #chunks: GradientPlan[] = [];
  #update!: Plan<PlanInputs, PlanOutputs>;
  #exchange: GradientExchange | undefined;

  private constructor(parts: StepParts, settings: StepSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /**
   * Records one gradient plan per chunk, and the update.
   *
   * @param group averages the gradients; a single process without it
   * @throws {DeviceError} when memory is short
   */
  static async record(
    device: Device,
    model: TransformerXL,
    store: ParameterStore,
    settings: StepSettings,
    group?: ProcessGroup,
  ): Promise<TrainStep> {
    const optimizer = openOptimizer(device, store, settings.optimizer);
    const rings = new MetricRings(device, settings.ringSize);
    const lossScale = settings.lossScale === undefined
      ? undefined
      : new LossScale(device, settings.lossScale === "dynamic" ? undefined : settings.lossScale);
    const step = new TrainStep({ device, model, store, optimizer, lossScale, rings }, settings);
    for (let chunk = 0; chunk < settings.batchChunk; chunk++) {
      step.#chunks.push(await recordGradients(step.#parts, settings, chunk));
    }
    step.#update = await recordOptimizer(step.#parts, settings);
    if (group !== undefined && group.size > 1) {
      const { plan } = step.#chunks.at(-1)!;
      step.#exchange = new GradientExchange(device, group, plan, store, settings.bucketLength);
    }
    return step;
  }

  /** The optimizer with its states. */
  get optimizer(): Optimizer {
    return this.#parts.optimizer;
  }

  /** Loss scale; undefined in full precision. */
  get lossScale(): LossScale | undefined {
    return this.#parts.lossScale;
  }

  /** Memory of every chunk. */
  get memories(): readonly Memory[] {
    return this.#chunks.map(({ memory }) => memory);
  }

  /** Columns of one chunk. */
  get columns(): number {
    return this.#settings.lengths.batchSize / this.#settings.batchChunk;
  }

  /** The plans of a step, in order. */
  get plans(): readonly Plan<PlanInputs, PlanOutputs>[] {
    return [...this.#chunks.map(({ plan }) => plan), this.#update];
  }

  /** Work of one step whose tokens fall into the clusters by these shares, or by capacity. */
  cost(shares: readonly number[] = []): Cost {
    const costs = this.#chunks.map(({ plan, inputs }) =>
      plan.costOf(inputs.expectedCounts(shares))
    );
    return [...costs, this.#update.cost].reduce((sum, { flops, bytes }) => ({
      flops: sum.flops + flops,
      bytes: sum.bytes + bytes,
    }));
  }

  /** Work of the last chunk before step `end` of its plan, by shares as in {@link cost}. */
  costBefore(end: number, shares: readonly number[] = []): Cost {
    const { plan, inputs } = this.#chunks.at(-1)!;
    return plan.costOf(inputs.expectedCounts(shares), end);
  }

  /**
   * Submits one step of a single process.
   *
   * @param step steps done before, from 0
   * @param slot where the rings keep its numbers
   */
  run(segment: Segment, lr: number, step: number, slot: number): void {
    for (const [plan, values] of this.#runs(segment, lr, step, slot)) plan.run(values);
  }

  /**
   * As {@link run}, with gradients averaged over the group.
   *
   * @param request request of this rank after this step
   * @returns the combined request of all ranks
   * @throws {GroupError} when another rank has ended
   */
  async runInGroup(
    segment: Segment,
    lr: number,
    step: number,
    slot: number,
    request: RunRequest = "none",
  ): Promise<RunRequest> {
    let agreed = request;
    const last = this.#chunks.at(-1)!.plan;
    for (const [plan, values] of this.#runs(segment, lr, step, slot)) {
      if (plan === last && this.#exchange) agreed = await this.#exchange.run(values, request);
      else plan.run(values);
    }
    return agreed;
  }

  /**
   * Runs one step with a timestamp around every launch; the time of every op. The step counts as
   * any other.
   *
   * @throws {DeviceError} when the adapter has no timestamp queries
   */
  async profile(segment: Segment, lr: number, step: number, slot: number): Promise<OpTime[]> {
    const times: OpTime[] = [];
    for (const [plan, values] of this.#runs(segment, lr, step, slot)) {
      times.push(...await plan.profile(values));
    }
    return times;
  }

  /** The numbers of the first `count` slots; waits for the device. */
  metrics(count: number): Promise<StepMetrics[]> {
    return this.#parts.rings.read(count);
  }

  /** Frees recordings, memories, optimizer states and rings. */
  [Symbol.dispose](): void {
    for (const { plan, memory } of this.#chunks) {
      plan[Symbol.dispose]();
      memory[Symbol.dispose]();
    }
    this.#update[Symbol.dispose]();
    this.#parts.optimizer[Symbol.dispose]();
    this.#parts.lossScale?.[Symbol.dispose]();
    this.#parts.rings[Symbol.dispose]();
  }

  /** The plans of a step with their values; a memory advances after its plan was taken. */
  *#runs(
    segment: Segment,
    lr: number,
    step: number,
    slot: number,
  ): Generator<[Plan<PlanInputs, PlanOutputs>, RunValues<PlanInputs>]> {
    const chunks = this.#chunks.length;
    const { seed } = this.#settings;
    for (const [stream, part] of splitColumns(segment, chunks).entries()) {
      const { plan, inputs, memory } = this.#chunks[stream]!;
      yield [plan, { ...inputs.values(part, memory, { chunks, seed, step, stream }), slot }];
      memory.advance(part.rows);
    }
    yield [this.#update, { ...this.#parts.optimizer.scalars(step + 1, lr), slot }];
  }
}
