/**
 * A strict decoder of chunks of UTF-8 into strings, which reports where a file is invalid.
 *
 * @module
 */
import { DataError, type Need } from "@transformer-xl/runtime/core";
import { InvalidUtf8 } from "./scanner.ts";
import { INCOMPLETE, INVALID, readCodePoint, utf8Width } from "./utf8.ts";

/** Most code units of a string, those of V8. */
const LONGEST_STRING: number = 2 ** 29 - 24;

/**
 * Checks that a part of a file fits into a string.
 *
 * @param what the part, with what it lacks
 * @throws {DataError} if it does not
 */
export function checkFits(length: number, path: string, what: string, need?: Need): void {
  if (length <= LONGEST_STRING) return;
  throw new DataError(
    `Cannot encode ${JSON.stringify(path)}: it has ${what} of more than ${LONGEST_STRING} ` +
      `characters` + (need === undefined ? ", cut it into the files of a folder" : ""),
    { need },
  );
}

/** A decoder of one file. */
export class Utf8Text {
  readonly #path: string;
  /** Offset in the file of the first byte that is not decoded. */
  #offset: number;
  /** The bytes of a character that the previous chunk cut off. */
  #rest = new Uint8Array(0);

  /** A decoder of a file whose text begins at `firstByte`. */
  constructor(path: string, firstByte: number) {
    this.#path = path;
    this.#offset = firstByte;
  }

  /**
   * The characters that are complete with this chunk.
   *
   * @throws {InvalidUtf8} if it is not UTF-8
   */
  decode(chunk: Uint8Array): string {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at]! < 0x80) {
        at++;
        continue;
      }
      const point = readCodePoint(bytes, at, bytes.length);
      if (point === INCOMPLETE) break;
      if (point === INVALID) throw new InvalidUtf8(this.#path, this.#offset + at);
      at += utf8Width(point);
    }
    this.#offset += at;
    this.#rest = bytes.slice(at);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, at));
  }

  /**
   * Ends the file.
   *
   * @throws {InvalidUtf8} if it ends inside a character
   */
  end(): void {
    if (this.#rest.length > 0) throw new InvalidUtf8(this.#path, this.#offset);
  }
}
