/**
 * Random access to bytes: a file, a `Blob`, a buffer in memory.
 *
 * @module
 */

/** A named sequence of bytes of known length. */
export interface ByteSource {
  /** What errors call it: a path, a URL. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Reads `length` bytes from `offset`, a valid range. Reads may be concurrent. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Fills `target` with the bytes from `offset` on, before returning; not of every source. */
  readAtSync?(offset: number, target: Uint8Array): void;
  /** Releases its resources; called once. */
  close(): void;
}

/**
 * A `Blob` as a source: a response of `fetch`, a file chosen by the user, or bytes in memory.
 *
 * @example
 * ```ts
 * import { blobSource, encodeSafetensors, SafetensorsReader } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const values = Float32Array.of(1, 2);
 * const blob = new Blob(encodeSafetensors([{ name: "w", dtype: "F32", shape: [2], values }]));
 * using reader = await SafetensorsReader.read(blobSource(blob, "w.safetensors"));
 * assertEquals(await reader.tensor("w", "F32"), values);
 * ```
 */
export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    close() {},
  };
}
