/**
 * Losses and gradients of a model in float64, and the check of its gradients along a direction.
 *
 * @module
 */
import { assert } from "@std/assert";
import { normals } from "@transformer-xl/kernels/cases";
import {
  allLengths,
  type BatchInputs,
  type InputOptions,
  type LengthSettings,
  Memory,
  Model,
  type ModelConfig,
  NO_DROPOUT,
  type Segment,
} from "@transformer-xl/model";
import {
  backward,
  gradientsOf,
  type HostArray,
  type Plan,
  type PlanInputs,
  readParameters,
  ReferenceDevice,
  sizeOf,
  type Tensor,
  writeWeights,
} from "@transformer-xl/runtime";

/** Numbers that a segment runs with. */
const NUMBERS = { chunks: 1, seed: 5, step: 3, stream: 1 };

type GradientPlan = Plan<PlanInputs, { readonly nll: Tensor }, BatchInputs>;

/** A model of normal weights with a recording of its losses and gradients; runs start without memory unless it is filled. */
export class GradientModel implements Disposable {
  /** The model, in float64. */
  readonly model: Model;
  readonly #device: ReferenceDevice;
  readonly #memory: Memory;
  readonly #plan: GradientPlan;
  /** Rows of the memory that runs start from, by layer. */
  #start: { readonly layers: readonly HostArray[]; readonly validRows: number } | undefined;

  private constructor(device: ReferenceDevice, model: Model, memory: Memory, plan: GradientPlan) {
    this.#device = device;
    this.model = model;
    this.#memory = memory;
    this.#plan = plan;
  }

  /** Records the gradients of the mean loss. */
  static async record(
    config: ModelConfig,
    settings: LengthSettings,
    options: InputOptions = {},
  ): Promise<GradientModel> {
    const lengths = allLengths(settings);
    const device = new ReferenceDevice({ precision: "f64" });
    const model = Model.allocate(device, config, { training: true });
    const memory = new Memory(device, model, lengths, "memory");
    const plan = await device.plan("gradients", (rec) => {
      const batch = model.inputs(rec, lengths, options);
      for (const param of model.store.packed) rec.clear(param.gradient);
      const { nll, parts } = model.forward(rec, batch, {
        ...{ lengths, memory, drop: NO_DROPOUT, differentiate: true },
      });
      const one = rec.constant("one", [nll.size], "f32", new Float32Array(nll.size).fill(1));
      backward(rec, parts.map((part) => [part, one]), model.store.packed);
      return { inputs: batch.inputs, outputs: { nll }, kept: batch };
    });
    const gradients = new GradientModel(device, model, memory, plan);
    gradients.write(0);
    return gradients;
  }

  /** Weights of a start, plus `epsilon` in a fixed direction. */
  write(epsilon: number): void {
    const { store } = this.model;
    writeWeights(this.#device, store, ({ name, shape }) => {
      const size = sizeOf(shape);
      const start = normals(name, size);
      const move = normals(`direction of ${name}`, size);
      const mean = name.endsWith("layer_norm.weight") ? 1 : 0;
      return Float64Array.from(start, (x, i) => mean + 0.3 * x + epsilon * move[i]!);
    });
  }

  /** The values of the inputs for a segment. */
  values(segment: Segment): ReturnType<BatchInputs["values"]> {
    return this.#plan.kept.values(segment, this.#memory, NUMBERS);
  }

  /**
   * Runs segments with the present weights. Later runs start from the memory that they leave, which is
   * a constant of their derivatives.
   */
  async fillMemory(segments: Iterable<Segment>): Promise<void> {
    for (const segment of segments) {
      this.#plan.run(this.values(segment));
      this.#memory.advance(segment.rows);
    }
    const layers = (await this.#memory.read()).map((rows) => Float64Array.from(rows));
    this.#start = { layers, validRows: this.#memory.validRows };
  }

  /** Losses of a segment by row, after the filled memory or after nothing. */
  async losses(segment: Segment): Promise<HostArray> {
    this.#memory.reset();
    this.#start?.layers.forEach((rows, layer) => this.#memory.writeLayer(layer, rows));
    this.#memory.setValidRows(this.#start?.validRows ?? 0);
    this.#plan.run(this.values(segment));
    return (await this.#plan.read("nll")).nll;
  }

  /** Gradients of the latest run by parameter. */
  async gradients(): Promise<ReadonlyMap<string, HostArray>> {
    const { store } = this.model;
    const all = await Array.fromAsync(readParameters(this.#device, store, gradientsOf(store)));
    return new Map(all.map(([{ name }, values]) => [name, values]));
  }

  /** The derivative of the mean loss along the direction, from the gradients of the latest run. */
  async slope(): Promise<number> {
    let slope = 0;
    for (const [name, values] of await this.gradients()) {
      const move = normals(`direction of ${name}`, values.length);
      for (let i = 0; i < values.length; i++) slope += values[i]! * move[i]!;
    }
    return slope;
  }

  /** Asserts that gradients are the difference of the mean loss along the direction to 1e-6. */
  async check(segment: Segment, name: string): Promise<void> {
    const mean = async (epsilon: number) => {
      this.write(epsilon);
      const losses = await this.losses(segment);
      return [...losses].reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    const e = 1e-7; // small, so that no unit of a feed-forward layer crosses zero in between
    const want = (await mean(e) - await mean(-e)) / (2 * e);
    await mean(0);
    const got = await this.slope();
    assert(Math.abs(got - want) <= 1e-6 * Math.max(1, Math.abs(want)), `${name}: ${got}, ${want}`);
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
    this.model[Symbol.dispose]();
    this.#device[Symbol.dispose]();
  }
}
