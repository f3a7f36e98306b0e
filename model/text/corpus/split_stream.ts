/**
 * Cuts of a text without splits into train, valid and test.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import type { Split } from "../files/split_names.ts";
import type { TextForm } from "../files/prepared_text.ts";
import { shown } from "../files/text_file.ts";
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
 * Cuts a stream without copying it: enwik8 and text8 exactly at 90 % and 95 %, which are their
 * published splits of 90, 5 and 5 million; other text near there, at the start of a line.
 *
 * @throws {DataError} if a split would be empty
 */
export function splitStream(
  stream: Uint32Array<ArrayBuffer>,
  { form, lineEnd, files, kind }: WholeText,
): Record<Split, Uint32Array<ArrayBuffer>> {
  const { length } = stream;
  const heldOut = Math.round(length / EXACT_PARTS);
  const cut = (fraction: number, after: number): number => {
    const wanted = Math.floor(length * fraction);
    const lineStart = stream.lastIndexOf(lineEnd, wanted - 1) + 1;
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
  return {
    train: stream.subarray(0, validFrom),
    valid: stream.subarray(validFrom, testFrom),
    test: stream.subarray(testFrom),
  };
}
