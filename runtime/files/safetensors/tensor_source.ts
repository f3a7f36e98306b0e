/**
 * Tensors on their way into a safetensors file.
 *
 * @module
 */
import type { SafetensorsDtype } from "./header.ts";

/** A tensor in memory, row-major. */
export interface SafetensorsTensor {
  /** Unique within the file. */
  readonly name: string;
  /** Element type. */
  readonly dtype: SafetensorsDtype;
  /** Sizes of the axes; none for a scalar. */
  readonly shape: readonly number[];
  /** Elements in the machine's byte order, which is little-endian wherever Deno runs. */
  readonly values: ArrayBufferView<ArrayBuffer>;
}

/** A tensor whose elements are fetched when they are written, whole or in pieces. */
export interface SafetensorsSource extends Omit<SafetensorsTensor, "values"> {
  /** Elements, or a function that is called once to fetch them. */
  readonly values: SafetensorsTensor["values"] | (() => SafetensorsPieces);
}

/** A chunk of a {@link SafetensorsSource}. */
export type SafetensorsPieces =
  | ArrayBufferView<ArrayBuffer>
  | Promise<ArrayBufferView<ArrayBuffer>>
  | AsyncIterable<ArrayBufferView<ArrayBuffer>>;
