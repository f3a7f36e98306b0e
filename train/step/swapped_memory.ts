/**
 * Memories in host memory (`--swap_mem`). The device holds, for every layer, the rows that attention
 * reads, [memory; segment], once for all batch chunks; a run needs these rows anyway until its
 * backward pass is done with them. Before a chunk runs, its memory is written into the upper part.
 * After its forward pass the rows of its next memory are read back, while the backward pass runs.
 * Layers that add positions to what they attend to share the memory's rows alone.
 *
 *     device   forward | copies | backward                  | forward of the next chunk
 *     host             |        | next memory to the host,  |
 *                               | that of the next chunk to the device
 *
 * @module
 */
import { appendRows } from "@transformer-xl/kernels";
import {
  type Lengths,
  Memory,
  type MemoryLayer,
  type Model,
  ResidentLayer,
} from "@transformer-xl/model";
import {
  bytesPer,
  type Device,
  type HostArray,
  type NumberArray,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  rangeOf,
  type Recorder,
  type RunValues,
  type StorageRange,
  Tensor,
} from "@transformer-xl/runtime";

/** The rows of one layer on the device, those of the chunk that runs. */
interface DeviceRows extends MemoryLayer {
  /** All that runs write. */
  readonly state: Tensor;
  /** Place of the next memory after a run, which its forward pass cuts from row `start` on. */
  next(start: number): StorageRange;
}

/** Rows that are the upper part of [memory; segment], for layers that attend to it as it is. */
class ContextLayer implements DeviceRows {
  readonly content = "hidden";
  readonly state: Tensor & Disposable; // [K B, D]
  readonly rows: Tensor;

  constructor(state: Tensor & Disposable, memoryRows: number) {
    const { dtype, label, range, shape } = state;
    this.state = state;
    this.rows = new Tensor([memoryRows, shape[1]!], dtype, label, range);
  }

  /** See {@link MemoryLayer.joined}. */
  get joined(): Tensor {
    return this.state;
  }

  join(rec: Recorder, x: Tensor): Tensor {
    return appendRows(rec, this.state, x);
  }

  /** Records nothing: the next memory stays where it is until the host has read it. */
  keep(_rec: Recorder, { label, range }: Tensor): void {
    const { storage } = rangeOf(this.state);
    if (range.kind === "storage" && range.storage === storage) return;
    throw new TypeError(`Cannot keep "${label}" in "${storage.label}": it is not what was joined`);
  }

  next(start: number): StorageRange {
    const { storage } = rangeOf(this.state);
    return { storage, offset: start * this.state.shape[1]!, length: this.rows.size };
  }

  [Symbol.dispose](): void {
    this.state[Symbol.dispose]();
  }
}

/** Rows apart from the segment, for layers that add positions to what they attend to. */
class ApartLayer extends ResidentLayer implements DeviceRows {
  get state(): Tensor {
    return this.rows;
  }

  next(): StorageRange {
    return rangeOf(this.rows);
  }
}

/** The rows of all layers on the device, shared by the memories of all chunks. The caller owns it. */
export class Contexts implements Disposable {
  /** One per layer of the model. */
  readonly layers: readonly DeviceRows[];

  /** @param lengths those of one chunk */
  constructor(model: Model, { batchSize: B, tgtLen: T, extLen: E, memLen: M }: Lengths) {
    const { device, config: { nLayer, dModel }, precision } = model;
    const state = (layer: number, rows: number) =>
      device.state(`context layer ${layer}`, [rows * B, dModel], precision.memories);
    this.layers = Array.from(
      { length: nLayer },
      (_, l) =>
        model.attendsToJoined(l)
          ? new ContextLayer(state(l, M + T + E), M * B)
          : new ApartLayer(state(l, M)),
    );
  }

  /** Bytes of the memory of one chunk. */
  get memoryBytes(): number {
    return this.layers.reduce((sum, { rows: { size, dtype } }) => sum + size * bytesPer(dtype), 0);
  }

  /** Frees the rows. */
  [Symbol.dispose](): void {
    for (const layer of this.layers) layer[Symbol.dispose]();
  }
}

/** Memory of one batch chunk in host memory. */
export class SwappedMemory extends Memory {
  readonly #device: Device;
  readonly #lengths: Lengths;
  readonly #contexts: Contexts;
  /** By layer, [M B, D], zero at first; in the element type of the device. */
  #host: readonly NumberArray[] | undefined;

  /** @param lengths those of one chunk */
  constructor(model: Model, lengths: Lengths, contexts: Contexts) {
    super(model.device, model, lengths, "swapped memory", contexts.layers);
    this.#device = model.device;
    this.#lengths = lengths;
    this.#contexts = contexts;
  }

  /**
   * Runs a plan of the chunk between upload and download of its memory; the last part of the plan
   * may still run when this resolves.
   *
   * @param rows input rows of the segment
   */
  async run(
    plan: Plan<PlanInputs, PlanOutputs>,
    values: RunValues<PlanInputs>,
    rows: number,
  ): Promise<void> {
    // After the last write into the rows of a layer, the forward pass of all layers is over.
    const ends = this.#contexts.layers.map(({ state }) => plan.lastWrite(rangeOf(state)));
    this.upload();
    const running = plan.runInParts(values, [Math.max(...ends) + 1]);
    running.next();
    await this.download(rows, () => running.next());
  }

  /** Writes the memory to the device; the next plan that runs reads it. */
  upload(): void {
    this.#contexts.layers.forEach(({ rows }, l) => {
      this.#device.write(rangeOf(rows).storage, 0, this.#rows[l]!);
    });
  }

  /**
   * Reads the next memory from the device.
   *
   * @param rows input rows of the segment that ran
   * @param arrived see {@link Device.readInto}
   */
  async download(rows: number, arrived?: () => void): Promise<void> {
    const start = this.keptRows(rows) * this.#lengths.batchSize;
    const ranges = this.#contexts.layers.map((layer) => layer.next(start));
    await this.#device.readInto(ranges, this.#rows, arrived);
  }

  /** See {@link Memory.read}. */
  override async read(): Promise<HostArray[]> {
    return await Promise.all(this.layers.map((_, layer) => this.readLayer(layer)));
  }

  /** See {@link Memory.readLayer}. */
  override readLayer(layer: number): Promise<HostArray> {
    const rows = this.#rows[layer]!;
    const valid = rows.subarray(rows.length - rows.length / this.#lengths.memLen * this.validRows);
    return Promise.resolve(
      valid instanceof Float16Array ? new Float32Array(valid) : valid.slice(),
    );
  }

  /** See {@link Memory.writeLayer}. */
  override writeLayer(layer: number, values: HostArray): void {
    const rows = this.#rows[layer]!;
    rows.set(values, rows.length - values.length);
  }

  /** Frees nothing: the contexts have their own owner. */
  override [Symbol.dispose](): void {}

  get #rows(): readonly NumberArray[] {
    return this.#host ??= this.layers.map(({ rows }) =>
      this.#device.hostArray(rows.dtype, rows.size)
    );
  }
}
