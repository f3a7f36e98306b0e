/**
 * A training step: the gradients of every batch chunk, then one update.
 *
 * Everything stays on the device. Losses and norms go to rings that are read at log intervals; the
 * host never waits inside a step.
 *
 * @module
 */
import {
  Moments,
  recordUpdate,
  sumAll,
  type UpdateOptions,
  writeAt,
} from "@transformer-xl/kernels";
import {
  type BatchInputs,
  type Lengths,
  Memory,
  philoxDropout,
  type Segment,
  type TransformerXL,
} from "@transformer-xl/model";
import {
  backward,
  type Device,
  type ParamStore,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  type Tensor,
} from "@transformer-xl/runtime";
import { splitColumns } from "./chunks.ts";

/** What fixes a step. */
export interface StepSettings {
  /** Lengths of the whole batch. */
  readonly lengths: Lengths;
  /** Batch chunks: gradients are summed over them, memory is kept per chunk. */
  readonly batchChunk: number;
  /** Update rule. */
  readonly optimizer: UpdateOptions["optimizer"];
  /** Largest global gradient norm. */
  readonly clip: number;
  /** Seed of the dropout masks. */
  readonly seed: number;
  /** Steps whose losses are kept on the device until they are read. */
  readonly ringSize: number;
}

/** Numbers of one step, as the rings hold them. */
export interface StepMetrics {
  /** Mean loss of the step in nats per token. */
  readonly lossNats: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  /** False when a gradient was not finite and the update was skipped. */
  readonly applied: boolean;
}

type Chunk = {
  readonly plan: Plan<PlanInputs, PlanOutputs>;
  readonly inputs: BatchInputs;
  readonly memory: Memory;
};

/** The recordings of a step. */
export class TrainStep implements Disposable {
  /** First and second moments of the gradients. */
  readonly moments: Moments;
  readonly #device: Device;
  readonly #settings: StepSettings;
  readonly #rings: Readonly<Record<"losses" | "norms" | "applied", Tensor & Disposable>>;
  readonly #chunks: Chunk[] = [];
  #update!: Plan<PlanInputs, PlanOutputs>;

  private constructor(device: Device, store: ParamStore, settings: StepSettings) {
    const ring = (label: string) => device.state(label, [settings.ringSize]);
    this.moments = new Moments(device, store);
    this.#device = device;
    this.#settings = settings;
    this.#rings = {
      losses: ring("losses"),
      norms: ring("gradient norms"),
      applied: ring("applied"),
    };
  }

  /**
   * Records one gradient plan per chunk, and the update.
   *
   * @throws {DeviceError} when memory is short
   */
  static async record(
    device: Device,
    model: TransformerXL,
    store: ParamStore,
    settings: StepSettings,
  ): Promise<TrainStep> {
    const step = new TrainStep(device, store, settings);
    for (let c = 0; c < settings.batchChunk; c++) {
      step.#chunks.push(await step.#recordGradients(model, store, c));
    }
    step.#update = await step.#recordUpdate(store);
    return step;
  }

  /** Memory of every chunk. */
  get memories(): readonly Memory[] {
    return this.#chunks.map(({ memory }) => memory);
  }

  /** The plans of a step, in order. */
  get plans(): readonly Plan<PlanInputs, PlanOutputs>[] {
    return [...this.#chunks.map(({ plan }) => plan), this.#update];
  }

  /**
   * Submits one step.
   *
   * @param step steps done before, from 0
   * @param slot where the rings keep its numbers
   */
  run(segment: Segment, lr: number, step: number, slot: number): void {
    const chunks = this.#chunks.length;
    const { seed } = this.#settings;
    splitColumns(segment, chunks).forEach((part, stream) => {
      const { plan, inputs, memory } = this.#chunks[stream]!;
      plan.run({ ...inputs.values(part, memory, { chunks, seed, step, stream }), slot });
      memory.advance(part.rows);
    });
    const [beta1, beta2] = this.#settings.optimizer.betas ?? [0.9, 0.999];
    this.#update.run({
      lr,
      slot,
      biasCorrection1: 1 - beta1 ** (step + 1),
      biasCorrection2: 1 - beta2 ** (step + 1),
    });
  }

  /** Reads the numbers of the first `count` slots; waits for the device. */
  async metrics(count: number): Promise<StepMetrics[]> {
    const { losses, norms, applied } = await this.#update.read("losses", "norms", "applied");
    return Array.from({ length: count }, (_, i) => ({
      lossNats: losses[i]!,
      gradientNorm: norms[i]!,
      applied: applied[i]! !== 0,
    }));
  }

  /** Puts numbers of earlier steps back into the rings. */
  restoreMetrics(metrics: readonly StepMetrics[]): void {
    const write = (ring: Tensor, values: readonly number[]) => {
      if (ring.place.kind === "storage") {
        this.#device.write(ring.place.storage, 0, Float64Array.from(values));
      }
    };
    write(this.#rings.losses, metrics.map(({ lossNats }) => lossNats));
    write(this.#rings.norms, metrics.map(({ gradientNorm }) => gradientNorm));
    write(this.#rings.applied, metrics.map(({ applied }) => applied ? 1 : 0));
  }

  /** Frees recordings, memories, moments and rings. */
  [Symbol.dispose](): void {
    for (const { plan, memory } of this.#chunks) {
      plan[Symbol.dispose]();
      memory[Symbol.dispose]();
    }
    this.#update[Symbol.dispose]();
    this.moments[Symbol.dispose]();
    for (const ring of Object.values(this.#rings)) ring[Symbol.dispose]();
  }

  /** Forward and backward of one chunk; adds to the gradients of the store. */
  async #recordGradients(model: TransformerXL, store: ParamStore, chunk: number): Promise<Chunk> {
    const { batchChunk } = this.#settings;
    const lengths = {
      ...this.#settings.lengths,
      batchSize: this.#settings.lengths.batchSize / batchChunk,
    };
    const memory = new Memory(this.#device, model.shape, lengths, `memory ${chunk}`);
    let inputs!: BatchInputs;
    const plan = await this.#device.plan(`gradients ${chunk}`, (rec) => {
      const batch = inputs = model.inputs(rec, lengths);
      const slot = rec.scalar("slot");
      const { nll, parts } = model.forward(rec, batch, {
        lengths,
        memory,
        drop: philoxDropout(batch.random),
        differentiate: true,
      });
      writeAt(rec, this.#rings.losses, slot, sumAll(rec, nll), {
        scale: batch.weight,
        accumulate: chunk > 0,
      });
      const one = rec.constant("one", [nll.size], "f32", new Float32Array(nll.size).fill(1));
      backward(rec, parts.map((part) => [part, one]), store.params);
      const all: PlanInputs = { ...batch.inputs, slot };
      return { inputs: all, outputs: {} };
    });
    return { plan, inputs, memory };
  }

  /** Norm, clipping, optimizer; clears the gradients for the next step. */
  #recordUpdate(store: ParamStore): Promise<Plan<PlanInputs, PlanOutputs>> {
    const { optimizer, clip } = this.#settings;
    return this.#device.plan("update", (rec) => {
      const lr = rec.scalar("lr");
      const slot = rec.scalar("slot");
      const biasCorrection1 = rec.scalar("biasCorrection1");
      const biasCorrection2 = rec.scalar("biasCorrection2");
      const { gradNorm, applied } = recordUpdate(rec, store, this.moments, {
        optimizer,
        clip,
        lr,
        biasCorrection1,
        biasCorrection2,
      });
      writeAt(rec, this.#rings.norms, slot, gradNorm);
      writeAt(rec, this.#rings.applied, slot, applied);
      const inputs: PlanInputs = { lr, slot, biasCorrection1, biasCorrection2 };
      return { inputs, outputs: { ...this.#rings } };
    });
  }
}
