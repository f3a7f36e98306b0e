/**
 * The tokens of a prompt. Unlike a sentence to score, it is continued where it ends: a line of words
 * is only ended by a line feed.
 *
 * @module
 */
import {
  BytePairVocabulary,
  splitWords,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { DataError, quoted } from "@transformer-xl/runtime";
import { typedIds } from "../text/manual.ts";

/**
 * The tokens of a prompt, split like the training text. An empty prompt is the end of a line, and of
 * byte pairs the end of a text.
 *
 * @param dataset the training data set, if known
 * @throws {DataError} when a symbol has no id and there is no unknown symbol, or nothing is typed and
 * no line has ended in the training text
 */
export function promptIds(text: string, vocabulary: Vocabulary, dataset?: string): Uint32Array {
  const typed = text.replace(/^\ufeff/, "");
  if (vocabulary instanceof WordVocabulary) return wordIds(typed, vocabulary, dataset);
  if (typed === "" && vocabulary instanceof BytePairVocabulary) {
    return Uint32Array.of(vocabulary.endOfText);
  }
  const start = vocabulary.kind !== "char" || vocabulary.has("\n") ? "\n" : "";
  const { ids } = typedIds([typed === "" ? start : typed], vocabulary, dataset);
  if (ids.length > 0) return ids;
  throw new DataError(
    typed === ""
      ? "Cannot continue an empty prompt: the training text has no line feed; give a prompt"
      : `Cannot continue ${quoted(typed)}: it has no symbol of the vocabulary; give another prompt`,
  );
}

function wordIds(text: string, vocabulary: WordVocabulary, dataset?: string): Uint32Array {
  const lines = text.split(/\r\n|\r|\n/);
  const lineEnd = vocabulary.lookup(vocabulary.lineEnd);
  const ids = lines.flatMap((line) =>
    splitWords(line).length === 0 ? [lineEnd] : [...typedIds([line], vocabulary, dataset).ids]
  );
  const isOpen = splitWords(lines.at(-1)!).length > 0;
  // Of "a\n", the part after the line feed is no line; of "", it is where a line begins.
  if (isOpen || lines.length > 1) ids.pop();
  return Uint32Array.from(ids);
}
