/**
 * The plans of a training step with the objects they own: optimizer state, memories, rings. {@link
 * TrainStep.run} submits a step.
 *
 * @module
 */
import {
  LossScale,
  openOptimizer,
  type Optimizer,
  type OptimizerChoice,
  type OptimizerName,
} from "@transformer-xl/kernels";
import {
  allLengths,
  type Lengths,
  type LengthSettings,
  type Memory,
  type Model,
  parameterRoles,
  type Segment,
} from "@transformer-xl/model";
import {
  ConfigError,
  type Cost,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  type ProcessGroup,
  type RunValues,
} from "@transformer-xl/runtime";
import type { Rates } from "../schedule.ts";
import { GradientExchange } from "../data_parallel/gradient_exchange.ts";
import type { RunRequest } from "../data_parallel/request.ts";
import { checkLengths, prepareChunks, type PreparedSegment } from "./prepared_segment.ts";
import type { PlanProfile, StepProfile } from "./step_profile.ts";
import { MetricRings, type StepMetrics } from "./metric_rings.ts";
import { Contexts, SwappedMemory } from "./swapped_memory.ts";
import {
  type GradientPlan,
  recordGradients,
  recordOptimizer,
  type StepParts,
  type StepPlan,
  type StepSettings,
} from "./step.ts";

/** How a step trains; whatever is left out has the program's default. */
export interface StepOptions extends Partial<Omit<StepSettings, "optimizer">> {
  /** Optimizer, by name or with its hyperparameters (default `lamb`). */
  readonly optimizer?: OptimizerName | OptimizerChoice;
}

/** What changes from step to step. */
export type StepRates = Rates;

const RING_SIZE = 4096;

/** One plan of a step with its values, and the memory that a chunk reads and writes. */
interface PlanRun {
  readonly plan: Plan<PlanInputs, PlanOutputs>;
  readonly values: RunValues<PlanInputs>;
  readonly memory: Memory | SwappedMemory | undefined;
  /** Input rows of the segment. */
  readonly rows: number;
}

function settingsOf(options: StepOptions): StepSettings {
  const { optimizer = "lamb" } = options;
  return {
    batchChunk: 1,
    swapMemory: false,
    clip: 0.25,
    clipsEmbedding: true,
    seed: 1111,
    ringSize: RING_SIZE,
    ...options,
    optimizer: typeof optimizer === "string" ? { kind: optimizer } : optimizer,
  };
}

/**
 * A recorded training step. It counts its steps.
 *
 * @example
 * ```ts
 * import { Batches, createModel } from "@transformer-xl/model";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { TrainStep } from "@transformer-xl/train";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * const sizes = { vocabSize: 4, nLayer: 1, dModel: 16 };
 * using model = await createModel(device, sizes, { training: true });
 * using step = await TrainStep.record(model, { batchSize: 1, tgtLen: 4 });
 * const tokens = Uint32Array.from({ length: 9 }, (_, i) => i % 4);
 * for (const segment of new Batches(tokens, step.lengths).segments()) step.run(segment, { lr: 0.01 });
 * const [first, ...others] = await step.losses();
 * assertAlmostEquals(first!, Math.log(4), 0.1);
 * assertEquals(others.length, 1);
 * ```
 */
export class TrainStep implements Disposable {
  /** The model that is trained. */
  readonly model: Model;
  /** Lengths of all columns of this process: those of the segments it takes. */
  readonly lengths: Lengths;
  readonly #parts: StepParts;
  readonly #settings: StepSettings;
  readonly #chunks: GradientPlan[] = [];
  #update!: StepPlan<undefined>;
  #exchange: GradientExchange | undefined;
  #stepsDone = 0;
  /** Steps of this recording, which are fewer than those done where a run was resumed. */
  #ran = 0;
  /** Steps that {@link losses} has returned. */
  #told = 0;

  private constructor(parts: StepParts, lengths: Lengths, settings: StepSettings) {
    this.model = parts.model;
    this.lengths = lengths;
    this.#parts = parts;
    this.#settings = settings;
  }

  /**
   * Records one gradient plan per chunk, and the update.
   *
   * @param lengths columns and rows of this process
   * @param group averages the gradients; a single process without it
   * @throws {ConfigError} when a length is wrong, the columns cannot be cut into the batch chunks, or
   * the softmax cannot be sampled
   * @throws {DeviceError} when memory is short
   * @throws {TypeError} when the model was built without gradients
   */
  static async record(
    model: Model,
    lengths: LengthSettings,
    options: StepOptions = {},
    group?: ProcessGroup,
  ): Promise<TrainStep> {
    const { device, store } = model;
    if (store.buffers.some(({ gradients }) => gradients === undefined)) {
      throw new TypeError(
        "Cannot train the model: it has no gradients; build it with { training: true }",
      );
    }
    const all = allLengths(lengths);
    const settings = settingsOf(options);
    const { batchChunk, ringSize } = settings;
    const batchSize = lengths.batchSize / batchChunk;
    if (!Number.isInteger(batchSize)) {
      throw new ConfigError(
        `Cannot cut a batch of ${lengths.batchSize} columns into ${batchChunk} equal chunks: ` +
          "it is not divisible; change one of them",
      );
    }
    const optimizer = openOptimizer(
      device,
      store,
      settings.optimizer,
      parameterRoles(model.config),
    );
    const rings = new MetricRings(device, ringSize);
    const lossScale = settings.lossScale === undefined
      ? undefined
      : new LossScale(device, settings.lossScale === "dynamic" ? undefined : settings.lossScale);
    const chunkLengths = { ...all, batchSize };
    const contexts = settings.swapMemory && chunkLengths.memLen > 0
      ? new Contexts(model, chunkLengths)
      : undefined;
    const parts = { model, optimizer, lossScale, rings, contexts };
    const step = new TrainStep(parts, all, settings);
    for (let chunk = 0; chunk < batchChunk; chunk++) {
      step.#chunks.push(await recordGradients(parts, chunkLengths, chunk, settings));
    }
    if (contexts !== undefined) await device.reserveReads(contexts.memoryBytes);
    step.#update = await recordOptimizer(parts, settings);
    if (group !== undefined && group.size > 1) {
      const { plan } = step.#chunks.at(-1)!;
      step.#exchange = new GradientExchange(device, group, plan, store, settings.bucketLength);
    }
    return step;
  }

  /** Optimizer steps done. */
  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** Continues the count of a run that is resumed: dropout masks and optimizer follow it. */
  set stepsDone(count: number) {
    this.#stepsDone = count;
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

  /** Bytes of memories in host memory. */
  get hostBytes(): number {
    return (this.#parts.contexts?.memoryBytes ?? 0) * this.#chunks.length;
  }

  /** Columns of one chunk. */
  get columns(): number {
    return this.lengths.batchSize / this.#settings.batchChunk;
  }

  /** The plans of a step, in order. */
  get plans(): readonly Plan<PlanInputs, PlanOutputs>[] {
    return [...this.#chunks.map(({ plan }) => plan), this.#update];
  }

  /** Work of one step whose tokens fall into the clusters by these shares, or by capacity. */
  cost(shares: readonly number[] = []): Cost {
    const costs = this.#chunks.map(({ plan }) => plan.costOf(plan.kept.expectedCounts(shares)));
    return [...costs, this.#update.cost].reduce((sum, { flops, bytes }) => ({
      flops: sum.flops + flops,
      bytes: sum.bytes + bytes,
    }));
  }

  /** Work of the last chunk before step `end` of its plan, by shares as in {@link cost}. */
  costBefore(end: number, shares: readonly number[] = []): Cost {
    const { plan } = this.#chunks.at(-1)!;
    return plan.costOf(plan.kept.expectedCounts(shares), end);
  }

  /**
   * Computes what a step uploads, apart from the state of the memories, so that this can happen while
   * the step before it runs.
   *
   * @param step steps done before it: those until now, or a step later on
   * @throws {RangeError} when the segment has other lengths than the recording
   */
  prepare(segment: Segment, step: number = this.#stepsDone): PreparedSegment {
    checkLengths(segment, this.lengths);
    const { seed } = this.#settings;
    return { segment, step, chunks: prepareChunks(this.#chunks, segment, { seed, step }) };
  }

  /**
   * Submits one step of a single process. Returns at once.
   *
   * @param segment as it is, or prepared for this step
   * @throws {RangeError} when the segment has other lengths than the recording, or was prepared for
   * another step
   * @throws {TypeError} when memories are in host memory
   */
  run(segment: Segment | PreparedSegment, rates: StepRates): void {
    if (this.#parts.contexts !== undefined) {
      throw new TypeError(
        "Cannot run a step at once: its memories are in host memory; await runAsync",
      );
    }
    for (const { plan, values } of this.#runs(segment, rates)) plan.run(values);
  }

  /**
   * As {@link run}, with gradients averaged over the group and memories moved from and to the host.
   *
   * @param request request of this rank after this step
   * @returns the combined request of all ranks
   * @throws {GroupError} when another rank has ended
   */
  async runAsync(
    segment: Segment | PreparedSegment,
    rates: StepRates,
    request: RunRequest = "none",
  ): Promise<RunRequest> {
    let agreed = request;
    const last = this.#chunks.at(-1)!.plan;
    let unread: SwappedMemory | undefined; // read while the update runs
    for (const { plan, values, memory, rows } of this.#runs(segment, rates)) {
      const swapped = memory instanceof SwappedMemory ? memory : undefined;
      if (plan === last && this.#exchange) {
        swapped?.upload();
        agreed = await this.#exchange.run(values, request);
        unread = swapped;
      } else if (swapped) await swapped.run(plan, values, rows);
      else if (unread) await unread.download(rows, () => plan.run(values));
      else plan.run(values);
    }
    return agreed;
  }

  /**
   * As {@link runAsync}, with the time of every op of this process. The step counts as any other.
   *
   * @throws {DeviceError} when the adapter has no timestamp queries
   * @throws {GroupError} when another rank has ended
   */
  async profile(
    segment: Segment | PreparedSegment,
    rates: StepRates,
    request: RunRequest = "none",
  ): Promise<StepProfile> {
    const plans: PlanProfile[] = [];
    let agreed = request;
    const last = this.#chunks.at(-1)!.plan;
    for (const { plan, values, memory, rows } of this.#runs(segment, rates)) {
      const swapped = memory instanceof SwappedMemory ? memory : undefined;
      swapped?.upload();
      const { label } = plan;
      if (plan === last && this.#exchange) {
        const { ops, request: of } = await this.#exchange.profile(values, request);
        plans.push({ label, ops });
        agreed = of;
      } else plans.push({ label, ops: await plan.profile(values) });
      await swapped?.download(rows);
    }
    return { plans, request: agreed };
  }

  /**
   * The numbers of the latest `count` steps, oldest first; waits for the device.
   *
   * @throws {RangeError} when fewer were run, or kept on the device (`ringSize`)
   */
  async metrics(count: number): Promise<StepMetrics[]> {
    const kept = Math.min(this.#ran, this.#settings.ringSize);
    if (count > kept) {
      throw new RangeError(`Cannot read the numbers of ${count} steps: ${kept} are kept`);
    }
    return await this.#parts.rings.read(this.#ran, count);
  }

  /**
   * Mean losses in nats per token of the steps since the last call, oldest first: of the latest
   * `ringSize` (default 4096) of them. Waits for the device.
   */
  async losses(): Promise<number[]> {
    const count = Math.min(this.#ran - this.#told, this.#settings.ringSize);
    this.#told = this.#ran;
    return (await this.metrics(count)).map(({ lossNats }) => lossNats);
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
    this.#parts.contexts?.[Symbol.dispose]();
  }

  /** The plans of a step with their values; a memory advances after its plan was taken. */
  *#runs(given: Segment | PreparedSegment, { lr, sparseLr }: StepRates): Generator<PlanRun> {
    const { segment: { rows }, step, chunks } = "chunks" in given ? given : this.prepare(given);
    if (step !== this.#stepsDone) {
      throw new RangeError(
        `Cannot run a segment that was prepared for step ${step + 1} as step ` +
          `${this.#stepsDone + 1}: prepare it for that step`,
      );
    }
    const slot = this.#ran++ % this.#settings.ringSize;
    this.#stepsDone++;
    for (const [chunk, prepared] of chunks.entries()) {
      const { plan, memory } = this.#chunks[chunk]!;
      const values = { ...prepared, ...plan.kept.memoryValues(memory, rows), slot };
      yield { plan, values, memory, rows };
      memory.advance(rows);
    }
    const values = { ...this.#parts.optimizer.scalars(step + 1, lr, sparseLr), slot };
    yield { plan: this.#update, values, memory: undefined, rows };
  }
}
