/**
 * The token ids of a typed sentence, split as the training text was: by WikiText's rules for their
 * vocabularies, at white space for other words, and into characters. A line of the training text
 * gets the ids it had in training.
 *
 * @module
 */
import {
  dataSet,
  splitWords,
  tokenizeManual,
  UNKNOWN,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";

/** A tokenised sentence. */
export interface ManualText {
  /** Token ids, with an end of line where the vocabulary has one. */
  readonly ids: Uint32Array;
  /** Words without an id, replaced by the unknown symbol. */
  readonly unknown: number;
}

/**
 * The words of `--manual`, joined by spaces.
 *
 * @param dataset the training data set, if known
 * @throws {DataError} when the text has fewer than two tokens, or a word without an id and there is
 * no unknown symbol
 */
export function manualText(
  words: readonly string[],
  vocabulary: Vocabulary,
  dataset?: string,
): ManualText {
  const typed = words.join(" ").replace(/^\ufeff/, "");
  let ids: Uint32Array;
  let unknown = 0;
  if (vocabulary instanceof WordVocabulary) {
    const text = isWikiText(vocabulary, dataset) ? asWikiText(typed, vocabulary) : typed;
    ids = forgiving(vocabulary).encode(text);
    unknown = splitWords(text).filter((word) => !vocabulary.has(word)).length;
  } else {
    ids = vocabulary.encode(typed);
  }
  if (ids.length < 2) {
    throw new DataError(
      `Cannot score "${typed}": the first token is never predicted, so at least two are needed; give more text`,
    );
  }
  return { ids, unknown };
}

function isWikiText(vocabulary: WordVocabulary, dataset: string | undefined): boolean {
  if (dataset !== undefined && dataset !== "auto" && dataSet(dataset).prepare === "wikitext") {
    return true;
  }
  if (!vocabulary.has(UNKNOWN)) return false;
  // WikiText marks separators inside numbers and compounds; no other text has these words.
  const hasMarks = vocabulary.has("@-@") && vocabulary.has("@,@");
  return hasMarks || dataset === undefined && vocabulary.unknown === undefined;
}

/** A line of the corpus is already tokenised: all of its words are known. */
function asWikiText(text: string, vocabulary: WordVocabulary): string {
  return splitWords(text).every((word) => vocabulary.has(word))
    ? splitWords(text).join(" ")
    : tokenizeManual(text).join(" ");
}

function forgiving(vocabulary: WordVocabulary): WordVocabulary {
  return vocabulary.unknown === undefined && vocabulary.has(UNKNOWN)
    ? vocabulary.withUnknown(UNKNOWN)
    : vocabulary;
}
