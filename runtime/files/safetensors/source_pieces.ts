/**
 * The elements of a tensor source as pieces of bytes, checked against its shape.
 *
 * @module
 */
import { CheckpointError } from "../../base/errors.ts";
import { tensorByteLength } from "./header.ts";
import type { SafetensorsSource, SafetensorsTensor } from "./tensor_source.ts";

const SLICE_BYTES = 16 << 20;

/** The bytes of a typed array. */
export function bytesOf(view: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * Compares the length of a tensor with its shape.
 *
 * @throws {CheckpointError} When they disagree
 */
export function checkLength(tensor: Omit<SafetensorsTensor, "values">, byteLength: number): void {
  const wanted = tensorByteLength(tensor.dtype, tensor.shape);
  if (byteLength === wanted) return;
  throw new CheckpointError(
    `Cannot write tensor ${JSON.stringify(tensor.name)}: it has ${byteLength} bytes, ` +
      `${tensor.dtype} [${tensor.shape}] wants ${wanted}`,
  );
}

/**
 * The elements of a source, fetched as they are asked for; none is longer than 16 MiB, so that signals
 * and timers are handled between two writes.
 *
 * @throws {CheckpointError} At the end, when their number disagrees with the shape
 */
export async function* sourcePieces(
  source: SafetensorsSource,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let byteLength = 0;
  for await (const piece of wholePieces(source.values)) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) {
      yield piece.subarray(at, at + SLICE_BYTES);
    }
    byteLength += piece.length;
  }
  checkLength(source, byteLength);
}

async function* wholePieces(
  values: SafetensorsSource["values"],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const pieces = typeof values === "function" ? values() : values;
  if (Symbol.asyncIterator in pieces) {
    for await (const piece of pieces) yield bytesOf(piece);
  } else {
    yield bytesOf(await pieces);
  }
}
