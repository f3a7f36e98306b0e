/**
 * Element types. There is no promotion; a conversion is a `cast` op.
 *
 * @module
 */

/** Element type of a tensor: float32, float16 or unsigned 32-bit integer. */
export type DType = "f32" | "f16" | "u32";

/** Host arrays for tensor data. */
export type HostArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** Host arrays that hold the memory of a device exactly: halves too, and doubles of plain loops. */
export type NumberArray = HostArray | Float16Array<ArrayBuffer>;

/** An operand in a plain loop, of any element type. */
export interface Numbers {
  /** Elements. */
  readonly length: number;
  /** Element `index`. */
  [index: number]: number;
  /** Sets elements `start` to `end` (exclusive) to `value`. */
  fill(value: number, start?: number, end?: number): unknown;
  /** Copies numbers to the elements from `offset` on. */
  set(values: ArrayLike<number>, offset?: number): unknown;
  /** The same memory, from `start` to `end` (exclusive). */
  subarray(start?: number, end?: number): Numbers;
}

const BYTES: Readonly<Record<DType, number>> = { f32: 4, f16: 2, u32: 4 };

/**
 * Bytes of one element on a GPU.
 *
 * @example
 * ```ts
 * import { bytesPer } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bytesPer("f16"), 2);
 * ```
 */
export function bytesPer(dtype: DType): number {
  return BYTES[dtype];
}
