/**
 * The memory of the model: the inputs of every layer for the last M rows of each batch column.
 * Shapes are static: the state always has M rows, filled from the end; rows without content are
 * masked, so the numbers equal those of the reference's growing memory.
 *
 * @module
 */
import {
  type Device,
  type HostArray,
  rangeOf,
  type StorageRange,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { Lengths, ModelConfig } from "./config.ts";
import type { Precision } from "./precision.ts";

/** The part of a model that determines its memory. */
export interface ModelOfMemory {
  /** Layers and their width. */
  readonly config: Pick<ModelConfig, "nLayer" | "dModel">;
  /** Width of the numbers. */
  readonly precision: Pick<Precision, "memories">;
}

/** Memory of one stream of segments (one batch chunk). */
export class Memory implements Disposable {
  /** One state per layer, [M B, D]; empty when M is 0. */
  readonly layers: readonly (Tensor & Disposable)[];
  readonly #device: Device;
  readonly #lengths: Lengths;
  #validRows = 0;

  constructor(device: Device, model: ModelOfMemory, lengths: Lengths, label: string) {
    const { memLen, batchSize } = lengths;
    const { nLayer, dModel } = model.config;
    this.#device = device;
    this.#lengths = lengths;
    this.layers = memLen === 0 ? [] : Array.from(
      { length: nLayer },
      (_, l) =>
        device.state(`${label} layer ${l}`, [memLen * batchSize, dModel], model.precision.memories),
    );
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

  /** The valid rows of every layer, [L, m, B, D]. */
  async read(): Promise<HostArray[]> {
    return await this.#device.read(this.layers.map((layer) => this.#validRange(layer)));
  }

  /** The valid rows of one layer, [m, B, D]. */
  async readLayer(layer: number): Promise<HostArray> {
    const [rows] = await this.#device.read([this.#validRange(this.layers[layer]!)]);
    return rows!;
  }

  /** Restores rows from {@link Memory.readLayer}; {@link Memory.setValidRows} then sets their number. */
  writeLayer(layer: number, values: HostArray): void {
    const { storage, length } = rangeOf(this.layers[layer]!);
    this.#device.write(storage, length - values.length, values);
  }

  /** Marks the last `rows` rows of every layer as valid. */
  setValidRows(rows: number): void {
    this.#validRows = rows;
  }

  /** Frees the states. */
  [Symbol.dispose](): void {
    for (const layer of this.layers) layer[Symbol.dispose]();
  }

  #validRange(layer: Tensor): StorageRange {
    const { storage, length } = rangeOf(layer);
    const validLength = length / this.#lengths.memLen * this.#validRows;
    return { storage, offset: length - validLength, length: validLength };
  }
}
