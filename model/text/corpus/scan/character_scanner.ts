/**
 * A scanner of Unicode code points, including line ends. It adds and normalises nothing.
 *
 * @module
 */
import { IdSpool } from "../../tokens/id_spool.ts";
import { InvalidUtf8, type Scanner } from "./scanner.ts";
import { INCOMPLETE, INVALID, LINE_FEED, readCodePoint, utf8Width } from "./utf8.ts";

const CODE_POINTS = 0x110000;
const LONGEST_CHARACTER = 4;

/** A {@link Scanner} for single characters. */
export class CharacterScanner implements Scanner {
  readonly ids: IdSpool;
  /** Code point to provisional id + 1; 0 is unseen. */
  #seen = new Uint32Array(CODE_POINTS);
  #points: number[] = [];
  #path = "";
  #offset = 0;
  /** The bytes of a character that the previous chunk cut off. */
  #rest = new Uint8Array(0);

  /** A scanner that appends to `ids`. */
  constructor(ids: IdSpool = new IdSpool()) {
    this.ids = ids;
  }

  get lineEnd(): number {
    return this.#seen[LINE_FEED]! - 1;
  }

  symbols(): string[] {
    return this.#points.map((point) => String.fromCodePoint(point));
  }

  startFile(path: string, firstByte: number): void {
    this.#path = path;
    this.#offset = firstByte;
    this.#rest = new Uint8Array(0);
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    if (this.#rest.length > 0) {
      // Complete the character across the border, then continue inside the chunk.
      const joined = new Uint8Array(this.#rest.length + Math.min(LONGEST_CHARACTER, chunk.length));
      joined.set(this.#rest);
      joined.set(chunk.subarray(0, LONGEST_CHARACTER), this.#rest.length);
      const taken = this.#character(joined, 0);
      if (taken === 0) {
        this.#rest = joined;
        return;
      }
      at = taken - this.#rest.length;
    }
    while (at < chunk.length) {
      const taken = this.#character(chunk, at);
      if (taken === 0) break;
      at += taken;
    }
    this.#rest = chunk.slice(at);
  }

  endFile(): void {
    if (this.#rest.length > 0) throw new InvalidUtf8(this.#path, this.#offset);
  }

  /** Emits the character at `at`; returns its width, 0 if it is cut off. */
  #character(bytes: Uint8Array, at: number): number {
    const point = readCodePoint(bytes, at, bytes.length);
    if (point === INCOMPLETE) return 0;
    if (point === INVALID) throw new InvalidUtf8(this.#path, this.#offset);
    let entry = this.#seen[point]!;
    if (entry === 0) {
      entry = this.#points.push(point);
      this.#seen[point] = entry;
    }
    this.ids.push(entry - 1);
    const width = utf8Width(point);
    this.#offset += width;
    return width;
  }
}
