/**
 * Numbers of tensors as float32, or float64 where the file has them.
 *
 * @module
 */
import type { SafetensorsDtype } from "../safetensors/header.ts";

/** Types of numbers that are weights. */
export type WeightDtype = "F64" | "F32" | "F16" | "BF16";

/** Whether a tensor may be a weight. */
export function isWeightDtype(dtype: SafetensorsDtype): dtype is WeightDtype {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** The numbers of a piece; half precision is exact in float32. */
export function floatsOf(
  dtype: WeightDtype,
  piece: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = piece.byteOffset % 8 === 0 ? piece : piece.slice();
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F16":
      return Float32Array.from(new Float16Array(buffer, byteOffset, byteLength / 2));
    case "BF16": {
      const words = Uint32Array.from(
        new Uint16Array(buffer, byteOffset, byteLength / 2),
        (half) => half << 16,
      );
      return new Float32Array(words.buffer);
    }
  }
}
