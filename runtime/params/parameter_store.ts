/**
 * The parameters of a model in flat buffers of weights and gradients, each of which fits one
 * binding. With half weights, kernels bind f16 copies, gradients are f16, and the optimizer works on
 * float32 masters.
 *
 * @module
 */
import type { Device } from "../plan/device.ts";
import { formatBytes } from "../base/format.ts";
import { bytesPer } from "../tensor/dtype.ts";
import { DeviceError, ShapeError } from "../base/errors.ts";
import {
  type FlatBuffer,
  type Init,
  PackedParameter,
  type Parameter,
  type RowRange,
  rowSize,
} from "./parameter.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { OFFSET_ALIGNMENT } from "../tensor/device_limits.ts";

/** Element types of a store. */
export interface ParamWidths {
  /** Element type of bound weights and gradients; f32 by default. */
  readonly dtype?: "f32" | "f16";
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
 *   { parameter: query, from: 0, to: 2 },
 *   { parameter: key, from: 0, to: 1 },
 * ]);
 * store.allocate(device, { gradients: false });
 * assertEquals(fused.shape, [3, 3]);
 * assertEquals(store.count, 9);
 * ```
 */
export class ParameterStore implements Disposable {
  /** Width of the weights that kernels bind, and of their gradients. */
  readonly dtype: "f32" | "f16";
  readonly #parameters = new Map<string, Parameter>();
  readonly #packed: PackedParameter[] = [];
  #buffers: FlatBuffer[] = [];
  #isAllocated = false;

  /** An empty store. */
  constructor({ dtype = "f32" }: ParamWidths = {}) {
    this.dtype = dtype;
  }

  /** Parameters in declaration order. */
  get parameters(): readonly Parameter[] {
    return [...this.#parameters.values()];
  }

  /** Packed parameters in packing order. */
  get packed(): readonly PackedParameter[] {
    return this.#packed;
  }

  /** Flat buffers; empty until allocated. */
  get buffers(): readonly FlatBuffer[] {
    return this.#buffers;
  }

  /** Trainable scalars. */
  get count(): number {
    return this.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /**
   * Declares a parameter without packing it.
   *
   * @throws {TypeError} when the name is taken
   */
  declare(name: string, shape: Shape, init: Init): Parameter {
    if (this.#parameters.has(name)) throw new TypeError(`Cannot declare "${name}" twice`);
    const parameter = { name, shape, init, index: this.#parameters.size };
    this.#parameters.set(name, parameter);
    return parameter;
  }

  /**
   * Packs row ranges of parameters into one packed parameter, [rows, ...row axes].
   *
   * @throws {ShapeError} when the rows have different widths
   */
  pack(label: string, rowRanges: readonly RowRange[]): PackedParameter {
    const first = rowRanges[0]!.parameter;
    const rows = rowRanges.reduce((sum, { from, to }) => sum + to - from, 0);
    const odd = rowRanges.find(({ parameter }) => rowSize(parameter) !== rowSize(first));
    if (odd !== undefined) {
      throw new ShapeError(
        `Cannot pack "${odd.parameter.name}" [${odd.parameter.shape}] with "${first.name}" [${first.shape}]: ` +
          `rows have ${rowSize(odd.parameter)} and ${rowSize(first)} elements`,
      );
    }
    const shape = [rows, ...first.shape.slice(1)];
    const packed = new PackedParameter(shape, this.dtype, label, rowRanges);
    this.#packed.push(packed);
    return packed;
  }

  /** Declares a parameter and packs it alone. */
  param(name: string, shape: Shape, init: Init): PackedParameter {
    const parameter = this.declare(name, shape, init);
    return this.pack(name, [{ parameter, from: 0, to: shape[0]! }]);
  }

  /**
   * Allocates the flat buffers. Afterwards packed parameters can be recorded.
   *
   * @param options `gradients`: for training; half weights then have float32 masters
   * @throws {DeviceError} when one packed parameter exceeds a binding, or memory is short
   * @throws {TypeError} when rows of a parameter are packed never or twice, or the store
   * was allocated before
   */
  allocate(device: Device, options: { readonly gradients: boolean }): void {
    if (this.#isAllocated) throw new TypeError("Cannot allocate a parameter store twice");
    checkCovered(this.parameters, this.#packed);
    this.#isAllocated = true;
    const unit = OFFSET_ALIGNMENT / bytesPer(this.dtype); // masters, which are wider, fit as well
    const { maxBindingBytes, maxBufferBytes } = device.limits;
    const limit = Math.floor(Math.min(maxBindingBytes, maxBufferBytes) / 4 / unit) * unit;
    let ranges: { packed: PackedParameter; offset: number }[] = [];
    let length = 0;
    const close = () => {
      if (ranges.length === 0) return;
      const n = this.#buffers.length;
      const { dtype } = this;
      const weights = device.allocate({ label: `weights ${n}`, role: "weights", dtype, length });
      const masters = options.gradients && dtype === "f16"
        ? device.allocate({ label: `masters ${n}`, role: "masters", dtype: "f32", length })
        : weights;
      const gradients = options.gradients
        ? device.allocate({ label: `gradients ${n}`, role: "gradients", dtype, length })
        : undefined;
      const buffer: FlatBuffer = { weights, masters, gradients, length, ranges };
      for (const { packed, offset } of ranges) packed.settleIn(buffer, offset);
      this.#buffers.push(buffer);
      [ranges, length] = [[], 0];
    };
    for (const packed of this.#packed) {
      if (packed.size > limit) {
        throw new DeviceError(
          "out-of-memory",
          `Cannot place parameter "${packed.label}" [${packed.shape}]: it needs ${
            formatBytes(packed.size * 4)
          }, one binding of this adapter holds ${formatBytes(limit * 4)}`,
        );
      }
      const padded = Math.ceil(packed.size / unit) * unit;
      if (length + padded > limit) close();
      ranges.push({ packed, offset: length });
      length += padded;
    }
    close();
  }

  /** Frees the flat buffers. */
  [Symbol.dispose](): void {
    for (const { weights, masters, gradients } of this.#buffers) {
      weights[Symbol.dispose]();
      masters[Symbol.dispose]();
      gradients?.[Symbol.dispose]();
    }
    this.#buffers = [];
  }
}

/** Rejects rows that are never packed and rows that are packed twice. */
function checkCovered(parameters: readonly Parameter[], packed: readonly PackedParameter[]): void {
  const ranges = Map.groupBy(packed.flatMap((each) => each.rowRanges), (each) => each.parameter);
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const own = ranges.get(parameter) ?? [];
    let covered = 0;
    for (const { from, to } of own.toSorted((a, b) => a.from - b.from)) {
      if (from !== covered) break;
      covered = to;
    }
    const count = own.reduce((sum, { from, to }) => sum + to - from, 0);
    if (covered !== shape[0] || count !== covered) {
      throw new TypeError(
        `Cannot allocate "${name}" [${shape}]: its packed parameters hold ${count} rows, ` +
          `${covered} of them in order; each of ${shape[0]} must be in exactly one`,
      );
    }
  }
}
