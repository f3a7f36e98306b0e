/**
 * The token ids of a typed sentence, split as the training text was: by WikiText's rules for their
 * vocabularies, at white space for other words, and into characters or bytes. A line of the training
 * text gets the ids it had in training.
 *
 * @module
 */
import {
  BytePairVocabulary,
  dataSet,
  lettersOnly,
  splitLines,
  splitWords,
  tokenizeManual,
  UNKNOWN,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import { type RawSize, sizeOfText } from "./raw_size.ts";

/** Longest quotation of a text in a message. */
const QUOTED_CHARACTERS = 60;

/** A tokenised sentence. */
export interface ManualText {
  /** Token ids, with an end of line where the vocabulary has one. */
  readonly ids: Uint32Array;
  /** Words without an id, replaced by the unknown symbol. */
  readonly unknown: number;
  /** Its raw text. */
  readonly raw: RawSize;
}

/**
 * The ids of typed words, joined by spaces.
 *
 * @param dataset the training data set, if known
 * @param place where the text is from, for messages
 * @throws {DataError} when the text has fewer than two tokens, or a word without an id and there is
 * no unknown symbol
 */
export function manualText(
  words: readonly string[],
  vocabulary: Vocabulary,
  dataset?: string,
  place?: string,
): ManualText {
  const text = typedIds(words, vocabulary, dataset);
  if (text.ids.length >= 2) return text;
  const typed = words.join(" ").slice(0, QUOTED_CHARACTERS);
  const from = place === undefined ? "" : ` of ${place}`;
  throw new DataError(
    `Cannot score "${typed}"${from}: the first token is never predicted, so at least two are needed; give more text`,
  );
}

/**
 * As {@link manualText}, for texts of any length.
 *
 * @throws {DataError} for a word without an id when there is no unknown symbol
 */
export function typedIds(
  words: readonly string[],
  vocabulary: Vocabulary,
  dataset?: string,
): ManualText {
  const typed = words.join(" ").replace(/^\ufeff/, "");
  let ids: Uint32Array;
  let unknown = 0;
  if (vocabulary instanceof WordVocabulary) {
    const text = isWikiText(vocabulary, dataset)
      ? splitLines(typed).map((line) => asWikiText(line, vocabulary)).join("\n")
      : typed;
    ids = forgiving(vocabulary).encode(text);
    unknown = splitWords(text).filter((word) => !vocabulary.has(word)).length;
  } else if (vocabulary instanceof BytePairVocabulary && isMosesText(vocabulary, dataset)) {
    ids = vocabulary.encode(
      splitLines(typed).map((line) => tokenizeManual(line).join(" ")).join("\n"),
    );
  } else {
    ids = vocabulary.encode(isOfLetters(typed, vocabulary, dataset) ? lettersOnly(typed) : typed);
  }
  return { ids, unknown, raw: sizeOfText(typed) };
}

/** Whether typed text is tokenised in front of byte pairs: always in the reference. */
function isMosesText({ strips }: BytePairVocabulary, dataset: string | undefined): boolean {
  return strips || dataset !== undefined && dataset !== "auto" &&
      dataSet(dataset).prepare === "wikitext";
}

/** Whether a text is prepared as text8: characters of it have no id. */
function isOfLetters(text: string, vocabulary: Vocabulary, dataset: string | undefined): boolean {
  return dataset !== undefined && dataset !== "auto" && dataSet(dataset).prepare === "letters" &&
    vocabulary.kind === "char" && [...text].some((character) => !vocabulary.has(character));
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
