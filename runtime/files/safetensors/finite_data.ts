/**
 * Tests of stored numbers: whether all are finite, decided on their bits, where an exponent of all ones
 * is an infinity or NaN, and whether none is negative.
 *
 * @module
 */
import type { SafetensorsDtype } from "./header.ts";

/**
 * True when no number in a piece of a tensor is infinite or NaN; always true for whole numbers.
 *
 * @param bytes Whole elements
 *
 * @example
 * ```ts
 * import { isFiniteData } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isFiniteData("F32", new Uint8Array(Float32Array.of(1, -3e38).buffer)), true);
 * assertEquals(isFiniteData("F16", new Uint8Array(Float16Array.of(1, Infinity).buffer)), false);
 * ```
 */
export function isFiniteData(dtype: SafetensorsDtype, bytes: Uint8Array<ArrayBuffer>): boolean {
  const isAligned = bytes.byteOffset % 4 === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? bytes : bytes.slice();
  switch (dtype) {
    case "F32":
      return wordsFit(new Int32Array(buffer, byteOffset, byteLength / 4));
    case "F64":
      return highWordsFit(new Int32Array(buffer, byteOffset, byteLength / 4));
    case "F16":
      return halvesFit(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7c00);
    case "BF16":
      return halvesFit(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7f80);
    default:
      return true;
  }
}

/**
 * True when no float32 or float64 in a piece of a tensor is below zero; always true for other types.
 *
 * @param bytes Whole elements
 *
 * @example
 * ```ts
 * import { isNonNegativeData } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isNonNegativeData("F32", new Uint8Array(Float32Array.of(0, -0, 2).buffer)), true);
 * assertEquals(isNonNegativeData("F64", new Uint8Array(Float64Array.of(1, -1e-9).buffer)), false);
 * ```
 */
export function isNonNegativeData(
  dtype: SafetensorsDtype,
  bytes: Uint8Array<ArrayBuffer>,
): boolean {
  if (dtype !== "F32" && dtype !== "F64") return true;
  const width = dtype === "F32" ? 4 : 8;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const values = dtype === "F32"
    ? new Float32Array(buffer, byteOffset, byteLength / width)
    : new Float64Array(buffer, byteOffset, byteLength / width);
  for (let i = 0; i < values.length; i++) if (values[i]! < 0) return false;
  return true;
}

/** Adding one to an exponent of ones reaches the sign bit. */
function wordsFit(words: Int32Array): boolean {
  let signs = 0;
  for (let i = 0; i < words.length; i++) signs |= (words[i]! & 0x7fffffff) + (1 << 23);
  return signs >= 0;
}

function highWordsFit(words: Int32Array): boolean {
  let signs = 0;
  for (let i = 1; i < words.length; i += 2) signs |= (words[i]! & 0x7fffffff) + (1 << 20);
  return signs >= 0;
}

function halvesFit(halves: Uint16Array, exponent: number): boolean {
  for (let i = 0; i < halves.length; i++) {
    if ((halves[i]! & exponent) === exponent) return false;
  }
  return true;
}
