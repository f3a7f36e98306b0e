/**
 * Token ids in a file, read by position: only those that are asked for are in memory.
 *
 * @module
 */
import { blocksOf, type TokenSequence } from "./token_sequence.ts";

/** Bytes that can be read by position, such as a file. */
export interface PositionedBytes {
  /** Fills `target` with the bytes from `offset` on. */
  readAt(offset: number, target: Uint8Array): void;
}

const ID_BYTES = Uint32Array.BYTES_PER_ELEMENT;

/** A {@link TokenSequence} in a file. Whoever opened the file closes it. */
export class StoredTokens implements TokenSequence {
  readonly length: number;
  readonly #bytes: PositionedBytes;
  readonly #first: number;

  /** The `length` ids from id number `first` of the file on. */
  constructor(bytes: PositionedBytes, first: number, length: number) {
    this.#bytes = bytes;
    this.#first = first;
    this.length = length;
  }

  slice(start = 0, end = this.length): Uint32Array<ArrayBuffer> {
    const from = place(start, this.length);
    const ids = new Uint32Array(Math.max(0, place(end, this.length) - from));
    this.readInto(from, ids);
    return ids;
  }

  readInto(start: number, target: Uint32Array): void {
    const { buffer, byteOffset, byteLength } = target;
    if (byteLength === 0) return;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.#bytes.readAt((this.#first + start) * ID_BYTES, bytes);
  }

  at(index: number): number | undefined {
    const from = index < 0 ? index + this.length : index;
    return from >= 0 && from < this.length ? this.slice(from, from + 1)[0] : undefined;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (const block of blocksOf(this)) yield* block;
  }
}

/** A position from the start, as arrays take it. */
function place(position: number, length: number): number {
  return Math.min(Math.max(position < 0 ? position + length : position, 0), length);
}
