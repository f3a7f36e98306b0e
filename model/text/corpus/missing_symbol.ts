/**
 * The error about a symbol of a text that has no id.
 *
 * @module
 */
import { DataError, type Need } from "@transformer-xl/runtime";
import { shown } from "../files/text_file.ts";
import { blocksOf } from "../tokens/token_sequence.ts";
import type { TokenStore } from "../tokens/token_store.ts";
import type { Vocabulary, VocabularyKind } from "../vocabulary/vocabulary.ts";
import type { SplitRange } from "./scan_splits.ts";

/** Stands for a symbol without an id. */
export const MISSING = 0xffffffff;

const NAMES: Readonly<Record<VocabularyKind, string>> = {
  word: "word",
  char: "character",
  byte: "byte",
  bpe: "byte pair",
  tokenizer: "symbol",
};

/** Symbols without an id in a split: the place of the first and their number. */
export function findMissing(
  store: TokenStore,
  { from, to }: SplitRange,
  ids: Uint32Array,
  isUnknown: Uint8Array,
): { readonly at: number; readonly count: number } | undefined {
  let at = -1;
  let count = 0;
  let index = from;
  for (const block of blocksOf(store.tokens(from, to))) {
    for (const symbol of block) {
      if (at < 0 && ids[symbol] === MISSING) at = index;
      count += isUnknown[symbol]!;
      index++;
    }
  }
  return at < 0 ? undefined : { at, count };
}

/** A symbol within its split. */
interface Place {
  readonly store: TokenStore;
  readonly range: SplitRange;
  /** Its place among the ids of the text. */
  readonly at: number;
  /** Such symbols in the split. */
  readonly count: number;
  readonly lineEnd: number;
}

/** Location of the first symbol without an id. The text may be private, so it is not shown. */
export function missingSymbol(
  { kind, size }: Vocabulary,
  { store, range: { from, to, starts }, at, count, lineEnd }: Place,
  whenMissing: Need | undefined,
): DataError {
  const { path, firstId } = starts.findLast(({ firstId }) => firstId <= at)!;
  let line = 1;
  let lineStart = Math.max(firstId, from);
  let index = lineStart;
  // In a text that is cut, lines of previous splits count too.
  for (const block of blocksOf(store.tokens(lineStart, at))) {
    for (const symbol of block) {
      index++;
      if (symbol !== lineEnd) continue;
      line++;
      lineStart = index;
    }
  }
  const name = NAMES[kind];
  const where = firstId < from ? ` of its split, ${name}` : `, ${name}`;
  return new DataError(
    `Cannot encode ${shown(path)}: line ${line}${where} ${at - lineStart + 1} is not among the ` +
      `${size} symbols of the vocabulary (${count} of ${to - from} ${name}s are not)` +
      (kind === "word" || whenMissing !== undefined
        ? ""
        : `; leave such ${name}s out or train on text that has them`),
    { need: whenMissing ?? (kind === "word" ? "a symbol for unknown words" : undefined) },
  );
}
