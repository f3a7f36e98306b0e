/**
 * A scanner of words, separated by Python's white space, and lines, ended by LF, CR or CRLF. Every
 * line end yields the id 0; word n (in order of first occurrence) yields n + 1. A last line without
 * a line end still ends.
 *
 * @module
 */
import { ByteInterner, EMPTY_HASH, hashByte } from "./byte_interner.ts";
import { IdSpool } from "../../tokens/id_spool.ts";
import { InvalidUtf8, type Scanner } from "./scanner.ts";
import { INCOMPLETE, INVALID, LINE_FEED, readCodePoint, utf8Width } from "./utf8.ts";
import { checkFits } from "./utf8_text.ts";
import { isWhitespace } from "../../vocabulary/whitespace.ts";

const CARRIAGE_RETURN = 0x0d;

/** The provisional id of a line end. */
export const LINE_END = 0;

/** A {@link Scanner} for words. */
export class WordScanner implements Scanner {
  readonly ids: IdSpool;
  readonly lineEnd = LINE_END;
  #words = new ByteInterner();
  #path = "";
  /** Bytes from the start of the unfinished word on; `#length` of them are in use. */
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #wordStart = 0;
  #at = 0;
  /** Hash of the bytes of the unfinished word. */
  #hash = EMPTY_HASH;
  /** Offset in the file of `#bytes[0]`, and of the first byte of the current line. */
  #origin = 0;
  #lineStart = 0;
  /** The last byte of the previous chunk was CR: an LF that comes next ends no second line. */
  #afterReturn = false;

  /** A scanner that appends to `ids`. */
  constructor(ids: IdSpool = new IdSpool()) {
    this.ids = ids;
  }

  symbols(): string[] {
    return ["\n", ...this.#words.symbols()];
  }

  startFile(path: string, firstByte: number): void {
    this.#path = path;
    this.#length = this.#wordStart = this.#at = 0;
    this.#hash = EMPTY_HASH;
    this.#origin = this.#lineStart = firstByte;
    this.#afterReturn = false;
  }

  push(chunk: Uint8Array): void {
    this.#append(chunk);
    if (this.#afterReturn && this.#at < this.#length) {
      if (this.#bytes[this.#at] === LINE_FEED) this.#skipByte();
      this.#afterReturn = false;
    }
    this.#scan();
  }

  endFile(): void {
    if (this.#at < this.#length) throw new InvalidUtf8(this.#path, this.#origin + this.#at);
    this.#endWord(this.#at, this.#hash);
    if (this.#origin + this.#at > this.#lineStart) this.ids.push(LINE_END);
  }

  #append(chunk: Uint8Array): void {
    const kept = this.#length - this.#wordStart;
    checkFits(kept, this.#path, "a word", "characters as symbols");
    this.#bytes.copyWithin(0, this.#wordStart, this.#length);
    if (kept + chunk.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(kept + chunk.length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, kept));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, kept);
    this.#origin += this.#wordStart;
    this.#at -= this.#wordStart;
    this.#wordStart = 0;
    this.#length = kept + chunk.length;
  }

  #scan(): void {
    const bytes = this.#bytes;
    const length = this.#length;
    let at = this.#at;
    let hash = this.#hash;
    while (at < length) {
      const byte = bytes[at]!;
      if (byte > 0x20 && byte < 0x80) {
        hash = hashByte(hash, byte);
        at++;
        continue;
      }
      const point = byte < 0x80 ? byte : readCodePoint(bytes, at, length);
      if (point === INCOMPLETE) break;
      if (point === INVALID) throw new InvalidUtf8(this.#path, this.#origin + at);
      const next = at + utf8Width(point);
      if (isWhitespace(point)) {
        this.#endWord(at, hash);
        hash = EMPTY_HASH;
        at = this.#wordStart = next;
        if (point === LINE_FEED || point === CARRIAGE_RETURN) at = this.#endLine(point, next);
      } else {
        while (at < next) hash = hashByte(hash, bytes[at++]!);
      }
    }
    this.#at = at;
    this.#hash = hash;
  }

  #endWord(end: number, hash: number): void {
    if (end > this.#wordStart) {
      this.ids.push(this.#words.intern(this.#bytes, this.#wordStart, end, hash) + 1);
    }
    this.#wordStart = end;
  }

  /** Ends the line whose last byte is at `next - 1`; returns where the next line starts. */
  #endLine(lastByte: number, next: number): number {
    this.ids.push(LINE_END);
    let at = next;
    if (lastByte === CARRIAGE_RETURN) {
      if (at === this.#length) this.#afterReturn = true;
      else if (this.#bytes[at] === LINE_FEED) at++;
    }
    this.#wordStart = at;
    this.#lineStart = this.#origin + at;
    return at;
  }

  #skipByte(): void {
    this.#at++;
    this.#wordStart = this.#at;
    this.#lineStart = this.#origin + this.#at;
  }
}
