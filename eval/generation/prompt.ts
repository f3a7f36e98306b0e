/**
 * The tokens of a prompt. Unlike a sentence to score, it is continued where it ends: a line of words
 * is only ended by a line feed.
 *
 * @module
 */
import { END_OF_LINE, splitWords, type Vocabulary, WordVocabulary } from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";
import { typedIds } from "../text/manual.ts";

/**
 * The tokens of a prompt, split like the training text. An empty prompt is the end of a line.
 *
 * @param dataset the training data set, if known
 * @throws {DataError} when a symbol has no id and there is no unknown symbol, or nothing is typed and
 * no line has ended in the training text
 */
export function promptIds(text: string, vocabulary: Vocabulary, dataset?: string): Uint32Array {
  const typed = text.replace(/^\ufeff/, "");
  if (vocabulary instanceof WordVocabulary) return wordIds(typed, vocabulary, dataset);
  if (typed !== "") return typedIds([typed], vocabulary, dataset).ids;
  if (vocabulary.kind === "char" && !vocabulary.has("\n")) {
    throw new DataError(
      "Cannot continue an empty prompt: the training text has one line, and nothing comes before it; " +
        "give a prompt",
    );
  }
  return vocabulary.encode("\n");
}

function wordIds(text: string, vocabulary: WordVocabulary, dataset?: string): Uint32Array {
  const lines = text.split(/\r\n|\r|\n/);
  const lineEnd = vocabulary.lookup(END_OF_LINE);
  const ids = lines.flatMap((line) =>
    splitWords(line).length === 0 ? [lineEnd] : [...typedIds([line], vocabulary, dataset).ids]
  );
  const isOpen = splitWords(lines.at(-1)!).length > 0;
  // Of "a\n", the part after the line feed is no line; of "", it is where a line begins.
  if (isOpen || lines.length > 1) ids.pop();
  return Uint32Array.from(ids);
}
