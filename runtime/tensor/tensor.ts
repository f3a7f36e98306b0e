/**
 * Handles of values. A tensor has a shape, a dtype and a location, never numbers: numbers are in a
 * {@link Storage}, which has an owner and a name, or, for temporaries of a plan, in a slot that the
 * memory planner assigns.
 *
 * @module
 */
import type { DType } from "./dtype.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Purpose of memory; `liveBytes` is counted per role. */
export type Role =
  | "weights"
  | "masters"
  | "gradients"
  | "moments"
  | "state"
  | "input"
  | "constant"
  | "output"
  | "temporary"
  | "scalars"
  | "staging";

/** Properties of memory to be allocated. */
export type StorageSpec = Pick<Storage, "label" | "role" | "dtype" | "length">;

/** Memory on a device. Freed by its owner with `using` or `[Symbol.dispose]()`. */
export interface Storage extends Disposable {
  /** Name in messages. */
  readonly label: string;
  /** What it is for. */
  readonly role: Role;
  /** Element type. */
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  /** False once it was freed. */
  readonly live: boolean;
}

/** Location of the elements of a tensor. */
export type BufferRange =
  | { readonly kind: "plan"; readonly buffer: number }
  | { readonly kind: "storage"; readonly storage: Storage; readonly offset: number };

/** A handle of a value: shape, dtype and buffer range. */
export class Tensor {
  /** Sizes of the axes, outermost first. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
  /** Name in messages and in the printed plan. */
  readonly label: string;
  #range: BufferRange | undefined;

  /** A handle; tensors come from a recorder, a store or a device. */
  constructor(shape: Shape, dtype: DType, label: string, range?: BufferRange) {
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.#range = range;
  }

  /** Elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Location of the elements; packed parameters have one once their store is allocated. */
  get range(): BufferRange {
    if (this.#range === undefined) {
      throw new TypeError(`Cannot use "${this.label}": its parameter store is not allocated yet`);
    }
    return this.#range;
  }

  /** Gives a tensor its range, once. */
  protected settle(range: BufferRange): void {
    this.#range = range;
  }
}

/** Named operands of an op or a launch; an optional one may be absent. */
export type Tensors = { readonly [name: string]: Tensor | undefined };

/** A tensor written by the host before every run. */
export class Input<D extends DType = DType> extends Tensor {
  /** Element type. */
  declare readonly dtype: D;
  /** Distinguishes an input from a scalar in the types of a plan. */
  readonly role = "input" as const;
}

/** A number that may change between runs; a plain `number` is a constant of the plan. */
export class Scalar {
  /** Distinguishes a scalar from an input in the types of a plan. */
  readonly role = "scalar" as const;
  /** Name in messages. */
  readonly label: string;
  /** Set for scalars that follow another one. */
  readonly derived:
    | {
      readonly from: Scalar;
      readonly base: number;
      readonly limit: number;
      /** Divisor of the difference, which is rounded up; 1 without. */
      readonly per?: number;
    }
    | undefined;

  /** Scalars come from {@link Recorder.scalar}. */
  constructor(label: string, derived?: Scalar["derived"]) {
    this.label = label;
    this.derived = derived;
  }

  /**
   * The part of a count that falls into one chunk: `clamp(this - base, 0, limit)`. It follows this
   * scalar and is not given to a run itself.
   */
  within(base: number, limit: number): Scalar {
    return new Scalar(`${this.label}[${base}..]`, { from: this, base, limit });
  }
  /** `ceil(this / per)`. It follows this scalar and is not given to a run itself. */
  dividedBy(per: number): Scalar {
    if (per === 1) return this;
    return new Scalar(`${this.label}/${per}`, { from: this, base: 0, limit: Infinity, per });
  }
}
