/**
 * Cuts of a text without splits into train, valid and test.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import type { TextForm } from "../files/prepared_text.ts";
import { shown } from "../files/text_file.ts";
import { BLOCK_IDS } from "../tokens/token_sequence.ts";
import type { TokenStore } from "../tokens/token_store.ts";
import type { VocabularyKind } from "../vocabulary/vocabulary.ts";

/** Positions of the cuts near line starts. */
const VALID_FROM = 0.90;
const TEST_FROM = 0.95;

/** One part of this many is for validation and one for test where cuts are exact. */
const EXACT_PARTS = 20;

/** The text that is cut. */
export interface WholeText {
  /** Form of its files. */
  readonly form: TextForm;
  /** The id that ends a line, or -1. */
  readonly lineEnd: number;
  /** Its files, for messages. */
  readonly files: readonly string[];
  /** Kind of its symbols. */
  readonly kind: VocabularyKind;
}

/**
 * The places of the two cuts: enwik8 and text8 exactly at 90 % and 95 %, which are their published
 * splits of 90, 5 and 5 million; other text near there, at the start of a line.
 *
 * @returns number of the first id of valid, and that of test
 * @throws {DataError} if a split would be empty
 */
export function cutText(
  store: TokenStore,
  { form, lineEnd, files, kind }: WholeText,
): [validFrom: number, testFrom: number] {
  const { length } = store;
  const heldOut = Math.round(length / EXACT_PARTS);
  const cut = (fraction: number, after: number): number => {
    const wanted = Math.floor(length * fraction);
    const lineStart = afterLast(store, lineEnd, after, wanted);
    return lineStart > after ? lineStart : wanted;
  };
  const validFrom = form === "text" ? cut(VALID_FROM, 0) : length - 2 * heldOut;
  const testFrom = form === "text" ? cut(TEST_FROM, validFrom) : length - heldOut;
  if (!(0 < validFrom && validFrom < testFrom && testFrom < length)) {
    const others = files.length > 1 ? ` and ${files.length - 1} more` : "";
    throw new DataError(
      `Cannot split ${shown(files[0]!)}${others} into train, valid and test: it has ` +
        `${length} tokens, at least 20 are needed, give more text`,
      { need: kind === "word" ? "characters as symbols" : undefined },
    );
  }
  return [validFrom, testFrom];
}

/** The place behind the last `id` from `from` to before `to`; `from` where there is none. */
function afterLast(store: TokenStore, id: number, from: number, to: number): number {
  for (let end = to; end > from; end -= BLOCK_IDS) {
    const start = Math.max(from, end - BLOCK_IDS);
    const place = store.tokens(start, end).slice().lastIndexOf(id);
    if (place >= 0) return start + place + 1;
  }
  return from;
}
