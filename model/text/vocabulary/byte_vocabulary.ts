/**
 * The byte vocabulary: symbols are bytes, written as decimal numbers as in the reference's prepared
 * files. It has either all 256 bytes in order, or the counted ones of a text without line feeds, as
 * the reference reads enwik8.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import {
  fingerprintOf,
  type SymbolCount,
  symbolsByCount,
  type Vocabulary,
  type VocabularyRecord,
} from "./vocabulary.ts";

const LINE_FEED = 0x0a;

/** The symbol of a byte. */
export function byteSymbol(byte: number): string {
  return String(byte);
}

/**
 * A vocabulary of bytes.
 *
 * @example
 * ```ts
 * import { ByteVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = new ByteVocabulary();
 * assertEquals(vocabulary.size, 256);
 * assertEquals([...vocabulary.encode("é\n")], [0xc3, 0xa9, 0x0a]);
 * assertEquals(vocabulary.decode([0xc3, 0xa9]), "é");
 * ```
 */
export class ByteVocabulary implements Vocabulary {
  readonly kind = "byte";
  readonly symbols: readonly string[];
  /** The byte of every id. */
  readonly #bytes: Uint8Array;
  readonly #ids = new Map<string, number>();
  #fingerprint: string | undefined;

  /** A vocabulary of these bytes in id order (default: all of them). */
  constructor(bytes: ArrayLike<number> = Uint8Array.from({ length: 256 }, (_, byte) => byte)) {
    this.#bytes = Uint8Array.from(bytes);
    this.symbols = Array.from(this.#bytes, byteSymbol);
    this.symbols.forEach((symbol, id) => this.#ids.set(symbol, id));
  }

  /**
   * The vocabulary of counted bytes without line feeds, which then are left out of texts; `counts`
   * is in the order of first occurrence.
   */
  static fromCounts(counts: Iterable<SymbolCount>): ByteVocabulary {
    const counted = [...counts].filter(([symbol]) => symbol !== byteSymbol(LINE_FEED));
    return new ByteVocabulary(symbolsByCount(counted).map(Number));
  }

  get size(): number {
    return this.symbols.length;
  }

  get fingerprint(): string {
    return this.#fingerprint ??= fingerprintOf(this.kind, this.symbols);
  }

  /** Whether line feeds are left out of texts: they have no id. */
  get dropsLineFeeds(): boolean {
    return !this.has(byteSymbol(LINE_FEED));
  }

  has(symbol: string): boolean {
    return this.#ids.has(symbol);
  }

  lookup(symbol: string): number {
    const id = this.#ids.get(symbol);
    if (id !== undefined) return id;
    throw new DataError(
      `Cannot encode the byte ${symbol}: it is not among the ${this.size} symbols of the ` +
        "vocabulary, leave it out or train on text that has it",
    );
  }

  /** The ids of the UTF-8 bytes of `text`. */
  encode(text: string): Uint32Array {
    const bytes = new TextEncoder().encode(text);
    const kept = this.dropsLineFeeds ? bytes.filter((byte) => byte !== LINE_FEED) : bytes;
    return Uint32Array.from(kept, (byte) => this.lookup(byteSymbol(byte)));
  }

  /** The bytes of `ids` as UTF-8; U+FFFD stands for bytes that are not. */
  decode(ids: Iterable<number>): string {
    const bytes = Uint8Array.from(ids, (id) => {
      const byte = this.#bytes[id];
      if (byte === undefined) throw new RangeError(`Cannot decode id ${id}: V is ${this.size}`);
      return byte;
    });
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  toJSON(): VocabularyRecord {
    return { kind: this.kind, symbols: this.symbols };
  }
}
