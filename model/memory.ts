/**
 * The memory of the model: the last M rows of each batch column in every layer, as the inputs of the
 * layer, or, where weights do not change, as the keys and values that it projects from them.
 * Shapes are static: the state always has M rows, filled from the end; rows without content are
 * masked, so the numbers equal those of the reference's growing memory.
 *
 * @module
 */
import { concat, copyRows } from "@transformer-xl/kernels";
import {
  type Device,
  type HostArray,
  rangeOf,
  type Recorder,
  type Scalar,
  type StorageRange,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { Lengths, ModelConfig } from "./config.ts";
import type { Precision } from "./precision.ts";

/** The part of a model that determines its memory. */
export interface ModelOfMemory {
  /** Layers and their widths. */
  readonly config: Pick<ModelConfig, "nLayer" | "dModel" | "nHead" | "dHead">;
  /** Width of the numbers. */
  readonly precision: Pick<Precision, "memories">;
}

/**
 * What the rows of a memory are: `hidden`, inputs of a layer [D]; `keys`, its keys, then its values,
 * [2 N H], which stay right as long as the weights do.
 */
export type MemoryContent = "hidden" | "keys";

/** The memory of one layer, as recordings use it, of rows that are C wide. The caller owns it. */
export interface MemoryLayer extends Disposable {
  /** What the rows are. */
  readonly content: MemoryContent;
  /** The rows, [M B, C]. */
  readonly rows: Tensor;
  /** [K B, C]: where the rows are the first ones of the joined rows; absent where joining copies them. */
  readonly joined?: Tensor;
  /** Records the rows above those of x: [Q B, C] -> [(M + Q) B, C]. Gradients reach x alone. */
  join(rec: Recorder, x: Tensor): Tensor;
  /** Records the next memory: M rows of `context` [K B, C], from row `start` on. */
  keep(rec: Recorder, context: Tensor, start: Scalar): void;
}

/** A layer with rows of its own on the device. */
export class ResidentLayer implements MemoryLayer {
  /** See {@link MemoryLayer.content}. */
  readonly content: MemoryContent;
  /** See {@link MemoryLayer.rows}. */
  readonly rows: Tensor & Disposable;

  /** @param rows owned by the layer */
  constructor(rows: Tensor & Disposable, content: MemoryContent = "hidden") {
    this.rows = rows;
    this.content = content;
  }

  /** Copies the rows. */
  join(rec: Recorder, x: Tensor): Tensor {
    return concat(rec, this.rows, x);
  }

  /** Copies into the rows. */
  keep(rec: Recorder, context: Tensor, start: Scalar): void {
    copyRows(rec, this.rows, context, start);
  }

  /** Frees the rows. */
  [Symbol.dispose](): void {
    this.rows[Symbol.dispose]();
  }
}

/** The layers of a {@link Memory}, on the device. */
export function residentLayers(
  device: Device,
  { config: { nLayer, dModel, nHead, dHead }, precision }: ModelOfMemory,
  { memLen, batchSize }: Lengths,
  label: string,
  content: MemoryContent = "hidden",
): ResidentLayer[] {
  const columns = content === "keys" ? 2 * nHead * dHead : dModel;
  const shape = [memLen * batchSize, columns];
  return Array.from({ length: memLen === 0 ? 0 : nLayer }, (_, l) => {
    const rows = device.state(`${label} layer ${l}`, shape, precision.memories);
    return new ResidentLayer(rows, content);
  });
}

/** Memory of one stream of segments (one batch chunk). */
export class Memory implements Disposable {
  /** One per layer of the model; empty when M is 0. */
  readonly layers: readonly MemoryLayer[];
  readonly #device: Device;
  readonly #lengths: Lengths;
  #validRows = 0;

  /**
   * Allocates its layers on the device.
   *
   * @param layers others in their place, in the order of the model
   */
  constructor(
    device: Device,
    model: ModelOfMemory,
    lengths: Lengths,
    label: string,
    layers: readonly MemoryLayer[] = residentLayers(device, model, lengths, label),
  ) {
    this.#device = device;
    this.#lengths = lengths;
    this.layers = layers;
  }

  /** m: valid rows. */
  get validRows(): number {
    return this.#validRows;
  }

  /** Clears the memory. */
  reset(): void {
    this.#validRows = 0;
  }

  /** Advances the memory after a segment of `rows` input rows, extended context included. */
  advance(rows: number): void {
    this.#validRows = Math.min(this.#lengths.memLen, this.#validRows + this.keptRows(rows));
  }

  /** Rows of a segment that enter the memory: all but the extended context. */
  keptRows(rows: number): number {
    return Math.max(0, rows - this.#lengths.extLen);
  }

  /** The valid rows of every layer, [L, m, B, C]. */
  async read(): Promise<HostArray[]> {
    return await this.#device.read(this.layers.map(({ rows }) => this.#validRange(rows)));
  }

  /** The valid rows of one layer, [m, B, C]. */
  async readLayer(layer: number): Promise<HostArray> {
    const [rows] = await this.#device.read([this.#validRange(this.layers[layer]!.rows)]);
    return rows!;
  }

  /** Restores rows from {@link Memory.readLayer}; {@link Memory.setValidRows} then sets their number. */
  writeLayer(layer: number, values: HostArray): void {
    const { storage, length } = rangeOf(this.layers[layer]!.rows);
    this.#device.write(storage, length - values.length, values);
  }

  /** Marks the last `rows` rows of every layer as valid. */
  setValidRows(rows: number): void {
    this.#validRows = rows;
  }

  /** Frees the layers. */
  [Symbol.dispose](): void {
    for (const layer of this.layers) layer[Symbol.dispose]();
  }

  #validRange(rows: Tensor): StorageRange {
    const { storage, length } = rangeOf(rows);
    const validLength = length / this.#lengths.memLen * this.#validRows;
    return { storage, offset: length - validLength, length: validLength };
  }
}
