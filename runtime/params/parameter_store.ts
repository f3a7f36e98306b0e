/**
 * Parameters. A *logical* tensor is what papers, checkpoints and optimizers speak of
 * (`word_emb.emb_layers.0.weight`, [V, D]); a {@link PackedParameter} is what kernels bind: one or more row
 * ranges of logical tensors, laid out together. So a fused projection can be two tables, a
 * softmax head can hold word rows and cluster rows side by side, and a vocabulary can be split at
 * the binding limit, while names, norms and files stay those of the logical tensors.
 *
 * Weights and gradients are flat buffers, cut into segments that fit one binding each. With half
 * weights, kernels bind f16 copies, gradients are f16, and the optimizer works on float32 masters.
 *
 * @module
 */
import type { Device } from "../plan/device.ts";
import { formatBytes } from "../base/format.ts";
import { bytesPer, type DType } from "../tensor/dtype.ts";
import { DeviceError, ShapeError } from "../base/errors.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { OFFSET_ALIGNMENT } from "../tensor/device_limits.ts";
import { type Storage, Tensor } from "../tensor/tensor.ts";

/** How a logical tensor starts. */
export type Init =
  | { readonly kind: "normal"; readonly mean: number; readonly std: number }
  | { readonly kind: "uniform"; readonly range: number }
  | { readonly kind: "constant"; readonly value: number };

/** A tensor as a checkpoint names it. */
export interface Parameter {
  /** Checkpoint key. */
  readonly name: string;
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** How it starts. */
  readonly init: Init;
  /** Position in declaration order: the order of the optimizer and of norms. */
  readonly index: number;
}

/** Rows `from` to `to` (exclusive) of a logical tensor, inside a parameter. */
export interface RowRange {
  /** Whose rows. */
  readonly logical: Parameter;
  /** First row. */
  readonly from: number;
  /** One past the last row. */
  readonly to: number;
}

/** Floats of one row of a logical tensor: all axes but the first. */
export function rowSize({ shape }: Parameter): number {
  return sizeOf(shape.slice(1));
}

/** A range of the flat weight buffer with its range of the flat gradient buffer. */
export class PackedParameter extends Tensor {
  /** Where its rows come from, in order. */
  readonly pieces: readonly RowRange[];
  #gradient: Tensor | undefined;

  /** Parameters come from {@link ParameterStore.pack}. */
  constructor(shape: Shape, dtype: DType, label: string, pieces: readonly RowRange[]) {
    super(shape, dtype, label);
    this.pieces = pieces;
  }

  /**
   * Its gradient, summed over everything recorded since the last clear.
   *
   * @throws {TypeError} when the store was sealed without gradients
   */
  get gradient(): Tensor {
    if (this.#gradient === undefined) {
      throw new TypeError(`Cannot differentiate "${this.label}": its store holds no gradients`);
    }
    return this.#gradient;
  }

  /** Places weights and gradient in a segment; called once by the store. */
  settleIn(segment: FlatBuffer, offset: number): void {
    this.settle({ kind: "storage", storage: segment.weights, offset });
    this.#gradient = segment.gradients && new Tensor(this.shape, this.dtype, `d ${this.label}`, {
      kind: "storage",
      storage: segment.gradients,
      offset,
    });
  }
}

/** Widths of a store's numbers. */
export interface ParamWidths {
  /** What kernels bind, and the width of gradients; f32 by default. */
  readonly dtype?: "f32" | "f16";
}

/** One binding's worth of flat parameters. */
export interface FlatBuffer {
  /** Weights as kernels bind them. */
  readonly weights: Storage;
  /** Weights as they are trained and saved: float32 where there are masters, else `weights`. */
  readonly masters: Storage;
  /** Gradients, when the store was sealed with them. */
  readonly gradients: Storage | undefined;
  /** Elements used, padding included. */
  readonly length: number;
  /** What lies where. */
  readonly ranges: readonly { readonly param: PackedParameter; readonly offset: number }[];
}

/**
 * All parameters of a model. Declare, pack, then {@link ParameterStore.allocate}.
 *
 * @example
 * ```ts
 * import { ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using store = new ParameterStore();
 * const zero = { kind: "constant", value: 0 } as const;
 * const query = store.declare("query", [2, 3], zero);
 * const key = store.declare("key", [1, 3], zero);
 * const fused = store.pack("query and key", [
 *   { logical: query, from: 0, to: 2 },
 *   { logical: key, from: 0, to: 1 },
 * ]);
 * store.allocate(device, { gradients: false });
 * assertEquals(fused.shape, [3, 3]);
 * assertEquals(store.count, 9);
 * ```
 */
export class ParameterStore implements Disposable {
  /** Width of the weights that kernels bind, and of their gradients. */
  readonly dtype: "f32" | "f16";
  readonly #logical = new Map<string, Parameter>();
  readonly #params: PackedParameter[] = [];
  #segments: FlatBuffer[] = [];
  #sealed = false;

  /** An empty store. */
  constructor({ dtype = "f32" }: ParamWidths = {}) {
    this.dtype = dtype;
  }

  /** Logical tensors in declaration order. */
  get parameters(): readonly Parameter[] {
    return [...this.#logical.values()];
  }

  /** Parameters in packing order. */
  get packed(): readonly PackedParameter[] {
    return this.#params;
  }

  /** Flat buffers; empty until sealed. */
  get buffers(): readonly FlatBuffer[] {
    return this.#segments;
  }

  /** Trainable scalars. */
  get count(): number {
    return this.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /**
   * Declares a logical tensor without giving it a place.
   *
   * @throws {TypeError} when the name is taken
   */
  declare(name: string, shape: Shape, init: Init): Parameter {
    if (this.#logical.has(name)) throw new TypeError(`Cannot declare "${name}" twice`);
    const logical = { name, shape, init, index: this.#logical.size };
    this.#logical.set(name, logical);
    return logical;
  }

  /**
   * Lays row ranges of logical tensors out as one parameter, [rows, ...row axes].
   *
   * @throws {ShapeError} when the rows have different widths
   */
  pack(label: string, pieces: readonly RowRange[]): PackedParameter {
    const first = pieces[0]!.logical;
    const rows = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
    const odd = pieces.find(({ logical }) => rowSize(logical) !== rowSize(first));
    if (odd !== undefined) {
      throw new ShapeError(
        `Cannot pack "${odd.logical.name}" [${odd.logical.shape}] with "${first.name}" [${first.shape}]: ` +
          `rows have ${rowSize(odd.logical)} and ${rowSize(first)} elements`,
      );
    }
    const param = new PackedParameter([rows, ...first.shape.slice(1)], this.dtype, label, pieces);
    this.#params.push(param);
    return param;
  }

  /** Declares a logical tensor that is one parameter. */
  param(name: string, shape: Shape, init: Init): PackedParameter {
    const logical = this.declare(name, shape, init);
    return this.pack(name, [{ logical, from: 0, to: shape[0]! }]);
  }

  /**
   * Allocates the flat buffers. Afterwards parameters can be recorded.
   *
   * @param options `gradients`: for training; half weights then have float32 masters
   * @throws {DeviceError} when one parameter exceeds a binding, or memory is short
   * @throws {TypeError} when rows of a logical tensor are in no parameter or in two, or the store
   * was sealed before
   */
  allocate(device: Device, options: { readonly gradients: boolean }): void {
    if (this.#sealed) throw new TypeError("Cannot seal a parameter store twice");
    checkCovered(this.parameters, this.#params);
    this.#sealed = true;
    const unit = OFFSET_ALIGNMENT / bytesPer(this.dtype); // masters, which are wider, fit as well
    const { maxBindingBytes, maxBufferBytes } = device.limits;
    const limit = Math.floor(Math.min(maxBindingBytes, maxBufferBytes) / 4 / unit) * unit;
    let ranges: { param: PackedParameter; offset: number }[] = [];
    let length = 0;
    const close = () => {
      if (ranges.length === 0) return;
      const n = this.#segments.length;
      const { dtype } = this;
      const weights = device.allocate({ label: `weights ${n}`, role: "weights", dtype, length });
      const masters = options.gradients && dtype === "f16"
        ? device.allocate({ label: `masters ${n}`, role: "masters", dtype: "f32", length })
        : weights;
      const gradients = options.gradients
        ? device.allocate({ label: `gradients ${n}`, role: "gradients", dtype, length })
        : undefined;
      const segment: FlatBuffer = { weights, masters, gradients, length, ranges };
      for (const { param, offset } of ranges) param.settleIn(segment, offset);
      this.#segments.push(segment);
      [ranges, length] = [[], 0];
    };
    for (const param of this.#params) {
      if (param.size > limit) {
        throw new DeviceError(
          "out-of-memory",
          `Cannot place parameter "${param.label}" [${param.shape}]: it needs ${
            formatBytes(param.size * 4)
          }, one binding of this adapter holds ${formatBytes(limit * 4)}`,
        );
      }
      const padded = Math.ceil(param.size / unit) * unit;
      if (length + padded > limit) close();
      ranges.push({ param, offset: length });
      length += padded;
    }
    close();
  }

  /** Float32 buffers like the weights, for moments of an optimizer: one per segment, zero. */
  likeWeights(device: Device, label: string): Storage[] {
    return this.#segments.map(({ length }, n) =>
      device.allocate({ label: `${label} ${n}`, role: "moments", dtype: "f32", length })
    );
  }

  /** Frees the flat buffers. */
  [Symbol.dispose](): void {
    for (const { weights, masters, gradients } of this.#segments) {
      weights[Symbol.dispose]();
      masters[Symbol.dispose]();
      gradients?.[Symbol.dispose]();
    }
    this.#segments = [];
  }
}

/** Refuses rows that would never be read or trained, and rows that would be twice. */
function checkCovered(logical: readonly Parameter[], params: readonly PackedParameter[]): void {
  const pieces = Map.groupBy(params.flatMap((param) => param.pieces), (piece) => piece.logical);
  for (const tensor of logical) {
    const { name, shape } = tensor;
    let covered = 0;
    for (const { from, to } of (pieces.get(tensor) ?? []).toSorted((a, b) => a.from - b.from)) {
      if (from !== covered) break;
      covered = to;
    }
    const count = (pieces.get(tensor) ?? []).reduce((sum, { from, to }) => sum + to - from, 0);
    if (covered !== shape[0] || count !== covered) {
      throw new TypeError(
        `Cannot seal "${name}" [${shape}]: its parameters hold ${count} rows, ` +
          `${covered} of them in order; each of ${shape[0]} must be in exactly one`,
      );
    }
  }
}
