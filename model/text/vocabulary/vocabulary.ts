/**
 * The interface of vocabularies: symbols and their ids. Ids are ordered by descending count,
 * because the adaptive softmax cuts the id range into clusters of frequency; equal counts keep the
 * order of first occurrence.
 *
 * @module
 */
import { sha256 } from "@transformer-xl/runtime/core";

/** Kinds of symbols: words, Unicode characters, bytes, GPT-2's byte pairs, or those of a tokenizer. */
export type VocabularyKind = "word" | "char" | "byte" | "bpe" | "tokenizer";

/** Whether losses of a kind of symbols are reported in bits per character. */
export function isOfCharacters(kind: VocabularyKind): boolean {
  return kind === "char" || kind === "byte";
}

/** The JSON form of a vocabulary in a checkpoint. */
export interface VocabularyRecord {
  /** Kind of the symbols. */
  readonly kind: VocabularyKind;
  /** The symbols in id order; not of byte pairs, which are always the same, nor of a tokenizer. */
  readonly symbols?: readonly string[];
  /** Tokenizers only: the text of the file. */
  readonly json?: string;
  /** Byte pairs only: texts are split as in the reference. */
  readonly strips?: boolean;
  /** Words only: text is lower-cased before it is looked up. */
  readonly lowerCase?: boolean;
  /** Words only: the symbol of unknown words. */
  readonly unknown?: string;
  /** Words only: the symbol at both ends of a line, instead of `<eos>` at its end. */
  readonly sentenceMark?: string;
}

/** Symbols with ids 0 .. size - 1. */
export interface Vocabulary {
  /** Kind of the symbols. */
  readonly kind: VocabularyKind;
  /** Number of symbols (V). */
  readonly size: number;
  /** The symbols in id order. */
  readonly symbols: readonly string[];
  /** A hash of kind and symbols: equal exactly when two vocabularies give equal ids. */
  readonly fingerprint: string;
  /** Whether a symbol has an id of its own. */
  has(symbol: string): boolean;
  /**
   * The id of one symbol, or the id of the unknown symbol, if any.
   *
   * @throws {DataError} if the symbol is not in the vocabulary and it has no unknown symbol.
   */
  lookup(symbol: string): number;
  /**
   * The ids of `text`.
   *
   * @throws {DataError} as {@link Vocabulary.lookup}.
   */
  encode(text: string): Uint32Array;
  /** The text of `ids`. */
  decode(ids: Iterable<number>): string;
  /** The JSON form in a checkpoint, read by `vocabularyFromJSON`. */
  toJSON(): VocabularyRecord;
}

/** A symbol and its count. */
export type SymbolCount = readonly [symbol: string, count: number];

/** Selection of counted symbols. */
export interface CountLimits {
  /** Minimum count (default 0). */
  readonly minFreq?: number | undefined;
  /** Maximum number of symbols (default: all). */
  readonly maxSize?: number | undefined;
}

/**
 * Orders symbols by descending count. The sort is stable, so that symbols of equal count stay in the
 * order of `counts`, which must be that of first occurrence. Symbols that never occur are left out.
 */
export function symbolsByCount(
  counts: readonly SymbolCount[],
  { minFreq = 0, maxSize = Infinity }: CountLimits = {},
): string[] {
  return counts
    .filter(([, count]) => count > 0 && count >= minFreq)
    .sort((left, right) => right[1] - left[1])
    .slice(0, maxSize)
    .map(([symbol]) => symbol);
}

/** A hash of `kind` and `symbols`: 16 hexadecimal digits. */
export function fingerprintOf(kind: VocabularyKind, symbols: readonly string[]): string {
  return sha256(JSON.stringify([kind, ...symbols])).slice(0, 16);
}
