/**
 * Text typed by a person, as token ids: tokenised like WikiText, unknown words mapped, one end of
 * line. Unknown words are an error where the vocabulary has no `<unk>`. Character models take the
 * text as it is.
 *
 * @module
 */
import { tokenizeManual, type Vocabulary, WordVocabulary } from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";

const UNKNOWN = "<unk>";

/**
 * Ids of the words of `--manual`, joined by spaces.
 *
 * @throws {DataError} when the text has fewer than two tokens, or one that has no id
 */
export function manualIds(words: readonly string[], vocabulary: Vocabulary): Uint32Array {
  const text = words.join(" ");
  const ids = vocabulary instanceof WordVocabulary
    ? forgiving(vocabulary).encode(tokenizeManual(text).join(" "))
    : vocabulary.encode(text);
  if (ids.length < 2) {
    throw new DataError(
      `Cannot score "${text}": the first token is never predicted, so at least two are needed; give more text`,
    );
  }
  return ids;
}

function forgiving(vocabulary: WordVocabulary): WordVocabulary {
  return vocabulary.symbols.includes(UNKNOWN) ? vocabulary.withUnknown(UNKNOWN) : vocabulary;
}
