/**
 * Tensors and storages of PyTorch files: element type, shape and strides, without their numbers.
 *
 * @module
 */
import { FileFault } from "../file_fault.ts";
import type { SafetensorsDtype } from "../safetensors/header.ts";

/** Elements of a file that tensors are views of. */
export class TorchStorage {
  /** Its name in the file. */
  readonly key: string;
  /** Element type. */
  readonly dtype: SafetensorsDtype;
  /** Number of elements. */
  readonly elements: number;
  /** Its first element among those of `key`: storages of old files may be parts of others. */
  readonly start: number;

  /** A storage of the file. */
  constructor(key: string, dtype: SafetensorsDtype, elements: number, start = 0) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
    this.start = start;
  }
}

/** Sizes, offset and strides of a view, in elements. */
export interface TorchView {
  /** First element within its storage. */
  readonly offset: number;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Elements from one index of an axis to the next. */
  readonly strides: readonly number[];
}

/** A view of a storage. */
export class TorchTensor {
  /** Its elements. */
  readonly storage: TorchStorage;
  /** First element within its storage. */
  readonly offset: number;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Elements from one index of an axis to the next. */
  readonly strides: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Elements of its storage from the first that it reads to the last; 0 without elements. */
  readonly extent: number;

  /**
   * A checked view.
   *
   * @throws {FileFault} When it reads beyond its storage, or has more elements than it
   */
  constructor(storage: TorchStorage, { offset, shape, strides }: TorchView) {
    if (shape.length !== strides.length) {
      throw new FileFault(`a tensor has the shape [${shape}] and the strides [${strides}]`);
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.size = shape.reduce((product, n) => product * n, 1);
    const last = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
    this.extent = this.size === 0 ? 0 : last + 1;
    // Expanded views repeat elements: they could be of any size.
    if (offset + this.extent > storage.elements || this.size > storage.elements) {
      throw new FileFault(
        `a tensor of the shape [${shape}] and the strides [${strides}] starts at element ${offset} ` +
          `of a storage of ${storage.elements}`,
      );
    }
  }

  /** Whether its elements lie one after the other, row-major. */
  get isContiguous(): boolean {
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== stride) return false;
      stride *= this.shape[axis]!;
    }
    return true;
  }

  /** Equal for two tensors that are the same elements in the same order. */
  get identity(): string {
    const { key, start } = this.storage;
    return JSON.stringify([key, start + this.offset, this.shape, this.strides]);
  }
}
