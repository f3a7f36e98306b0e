/**
 * The word vocabulary of the reference: `<eos>` has id 0 and ends every line, including empty ones;
 * words follow by descending count. `<unk>` is an ordinary word of the WikiText files.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import {
  type CountLimits,
  fingerprintOf,
  type SymbolCount,
  symbolsByCount,
  type Vocabulary,
  type VocabularyRecord,
} from "./vocabulary.ts";
import { splitLines, splitWords } from "./whitespace.ts";

/** The symbol that ends every line. */
export const END_OF_LINE = "<eos>";

/** Options of a word vocabulary. */
export interface WordOptions extends CountLimits {
  /** Lower-case text before counting and looking up (default false). */
  readonly lowerCase?: boolean | undefined;
  /** The symbol of excluded words; it is added if it was not counted. */
  readonly unknown?: string | undefined;
}

/** Properties of a word vocabulary beside its symbols. */
export interface WordRules extends Pick<WordOptions, "lowerCase" | "unknown"> {
  /** The symbol at both ends of a sentence, instead of `<eos>` at the end of a line. */
  readonly sentenceMark?: string | undefined;
}

/**
 * A vocabulary of words.
 *
 * @example
 * ```ts
 * import { WordVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = WordVocabulary.fromText("to be or not\nto be\n");
 * assertEquals(vocabulary.symbols, ["<eos>", "to", "be", "or", "not"]);
 * assertEquals([...vocabulary.encode("not to be")], [4, 1, 2, 0]);
 * assertEquals(vocabulary.decode([4, 1, 2, 0]), "not to be\n");
 * ```
 */
export class WordVocabulary implements Vocabulary {
  readonly kind = "word";
  readonly symbols: readonly string[];
  /** Whether text is lower-cased before it is looked up. */
  readonly lowerCase: boolean;
  /** The symbol of unknown words. */
  readonly unknown: string | undefined;
  /** The symbol at both ends of a line; undefined where `<eos>` ends it. */
  readonly sentenceMark: string | undefined;
  #ids: ReadonlyMap<string, number>;
  #unknownId: number | undefined;
  #fingerprint: string | undefined;

  /**
   * A vocabulary of these `symbols` in id order.
   *
   * @throws {DataError} if `unknown` is not among them.
   */
  constructor(
    symbols: readonly string[],
    { lowerCase = false, unknown, sentenceMark }: WordRules = {},
  ) {
    this.symbols = symbols;
    this.lowerCase = lowerCase;
    this.unknown = unknown;
    this.sentenceMark = sentenceMark;
    // No pairs for the constructor of Map: they take most of the time that a long list is read in.
    const ids = new Map<string, number>();
    for (let id = 0; id < symbols.length; id++) ids.set(symbols[id]!, id);
    this.#ids = ids;
    if (unknown === undefined) return;
    this.#unknownId = this.#ids.get(unknown);
    if (this.#unknownId === undefined) {
      throw new DataError(
        `Cannot use "${unknown}" for unknown words: it is not among the ${symbols.length} ` +
          `symbols of the vocabulary, count it in the training text or choose another symbol`,
      );
    }
  }

  /** The vocabulary of counted words; `counts` is in the order of first occurrence. */
  static fromCounts(counts: Iterable<SymbolCount>, options: WordOptions = {}): WordVocabulary {
    const { lowerCase = false, unknown } = options;
    const counted = symbolsByCount([...(lowerCase ? mergeCases(counts) : counts)], options);
    const symbols = new Set([END_OF_LINE, ...counted]);
    if (unknown !== undefined) symbols.add(unknown);
    return new WordVocabulary([...symbols], { lowerCase, unknown });
  }

  /** The vocabulary of a text that fits one string. */
  static fromText(text: string, options: WordOptions = {}): WordVocabulary {
    const counts = new Map<string, number>();
    for (const word of splitWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return WordVocabulary.fromCounts(counts, options);
  }

  get size(): number {
    return this.symbols.length;
  }

  get fingerprint(): string {
    return this.#fingerprint ??= fingerprintOf(this.kind, this.symbols);
  }

  /** The same symbols with `unknown` for all others, as for typed text. */
  withUnknown(unknown: string): WordVocabulary {
    const { lowerCase, sentenceMark } = this;
    return new WordVocabulary(this.symbols, { lowerCase, unknown, sentenceMark });
  }

  has(symbol: string): boolean {
    return this.#ids.has(this.lowerCase ? symbol.toLowerCase() : symbol);
  }

  lookup(symbol: string): number {
    const word = this.lowerCase ? symbol.toLowerCase() : symbol;
    const id = this.#ids.get(word);
    if (id !== undefined) return id;
    // A mistyped end-of-line symbol must not silently become an unknown word.
    if (this.#unknownId === undefined || word.includes(END_OF_LINE)) throw this.#missing(word);
    return this.#unknownId;
  }

  /** The symbol that ends a line. */
  get lineEnd(): string {
    return this.sentenceMark ?? END_OF_LINE;
  }

  /** The ids of the words of every line, each followed by `<eos>` or between two sentence marks. */
  encode(text: string): Uint32Array {
    const ids: number[] = [];
    const lineEnd = this.lookup(this.lineEnd);
    for (const line of splitLines(text)) {
      if (this.sentenceMark !== undefined) ids.push(lineEnd);
      for (const word of splitWords(line)) ids.push(this.lookup(word));
      ids.push(lineEnd);
    }
    return Uint32Array.from(ids);
  }

  /** Words joined by spaces; the end of a line becomes a line feed, the start of a sentence nothing. */
  decode(ids: Iterable<number>): string {
    let text = "";
    let atLineStart = true;
    let isOpen = false; // a sentence between its marks
    for (const id of ids) {
      const symbol = this.symbols[id];
      if (symbol === undefined) throw new RangeError(`Cannot decode id ${id}: V is ${this.size}`);
      const isEnd = symbol === this.lineEnd;
      if (isEnd && this.sentenceMark !== undefined) isOpen = !isOpen;
      if (isEnd && isOpen) continue;
      text += isEnd ? "\n" : atLineStart ? symbol : ` ${symbol}`;
      atLineStart = isEnd;
    }
    return text;
  }

  toJSON(): VocabularyRecord {
    return {
      kind: this.kind,
      symbols: this.symbols,
      lowerCase: this.lowerCase,
      ...(this.unknown === undefined ? {} : { unknown: this.unknown }),
      ...(this.sentenceMark === undefined ? {} : { sentenceMark: this.sentenceMark }),
    };
  }

  #missing(word: string): DataError {
    return new DataError(
      `Cannot encode the word "${word}": it is not among the ${this.size} symbols of the ` +
        `vocabulary, count it in the training text or name a symbol for unknown words`,
    );
  }
}

/** Adds up counts of words that differ only in case, in the order of first occurrence. */
function mergeCases(counts: Iterable<SymbolCount>): Map<string, number> {
  const merged = new Map<string, number>();
  for (const [symbol, count] of counts) {
    const lower = symbol.toLowerCase();
    merged.set(lower, (merged.get(lower) ?? 0) + count);
  }
  return merged;
}
