/**
 * The character vocabulary: every Unicode code point is a symbol, line feeds included. There is no
 * end-of-line symbol and no unknown symbol: a corpus counts the characters of all splits, so
 * evaluation never meets a character without an id.
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

/**
 * A vocabulary of single characters.
 *
 * @example
 * ```ts
 * import { CharacterVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = CharacterVocabulary.fromText("abba\nb");
 * assertEquals(vocabulary.symbols, ["b", "a", "\n"]);
 * assertEquals(vocabulary.decode(vocabulary.encode("ab\n")), "ab\n");
 * ```
 */
export class CharacterVocabulary implements Vocabulary {
  readonly kind = "char";
  readonly symbols: readonly string[];
  #ids: ReadonlyMap<string, number>;
  #fingerprint: string | undefined;

  /** A vocabulary of these characters in id order. */
  constructor(symbols: readonly string[]) {
    this.symbols = symbols;
    this.#ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  }

  /** The vocabulary of counted characters; `counts` is in the order of first occurrence. */
  static fromCounts(counts: Iterable<SymbolCount>): CharacterVocabulary {
    return new CharacterVocabulary(symbolsByCount([...counts]));
  }

  /** The vocabulary of a text that fits one string. */
  static fromText(text: string): CharacterVocabulary {
    const counts = new Map<string, number>();
    for (const symbol of text) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    return CharacterVocabulary.fromCounts(counts);
  }

  get size(): number {
    return this.symbols.length;
  }

  get fingerprint(): string {
    return this.#fingerprint ??= fingerprintOf(this.kind, this.symbols);
  }

  has(symbol: string): boolean {
    return this.#ids.has(symbol);
  }

  lookup(symbol: string): number {
    const id = this.#ids.get(symbol);
    if (id !== undefined) return id;
    const hex = (symbol.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    throw new DataError(
      `Cannot encode the character ${JSON.stringify(symbol)} (U+${hex}): it is not among the ` +
        `${this.size} symbols of the vocabulary, leave it out or train on text that has it`,
    );
  }

  /** The id of every character. */
  encode(text: string): Uint32Array {
    return Uint32Array.from(text, (symbol) => this.lookup(symbol));
  }

  /** The characters of `ids`. */
  decode(ids: Iterable<number>): string {
    let text = "";
    for (const id of ids) {
      const symbol = this.symbols[id];
      if (symbol === undefined) throw new RangeError(`Cannot decode id ${id}: V is ${this.size}`);
      text += symbol;
    }
    return text;
  }

  toJSON(): VocabularyRecord {
    return { kind: this.kind, symbols: this.symbols };
  }
}
