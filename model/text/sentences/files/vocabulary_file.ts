/**
 * The vocabulary of sentences: in a file of its own, one symbol per line of which the first word
 * counts, or of counted words.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { shown, unreadable } from "../../files/text_file.ts";
import { splitLines, splitWords } from "../../vocabulary/whitespace.ts";
import { WordVocabulary } from "../../vocabulary/word_vocabulary.ts";

/** The list of words in the folder of the data set. */
export const VOCABULARY_FILE = "1b_word_vocab.txt";

/** The symbol at both ends of a sentence. */
export const SENTENCE_MARK = "<S>";

/** The symbol of words that are not in the file. */
export const UNKNOWN_WORD = "<UNK>";

const RULES = { unknown: UNKNOWN_WORD, sentenceMark: SENTENCE_MARK };

/**
 * Reads a vocabulary of sentences. A symbol that occurs again keeps its first id.
 *
 * @returns undefined if there is no such file
 * @throws {DataError} if the file cannot be read or lacks `<S>` or `<UNK>`
 */
export async function readVocabularyFile(path: string): Promise<WordVocabulary | undefined> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof TypeError)) throw unreadable(path, error);
    throw new DataError(
      `Cannot read vocabulary ${shown(path)}: it is not UTF-8, give the file of the benchmark`,
      { cause: error },
    );
  }
  const symbols = new Set<string>();
  for (const line of splitLines(text)) {
    const [symbol] = splitWords(line);
    if (symbol !== undefined) symbols.add(symbol);
  }
  for (const needed of [SENTENCE_MARK, UNKNOWN_WORD]) {
    if (symbols.has(needed)) continue;
    throw new DataError(
      `Cannot read vocabulary ${shown(path)}: none of its ${symbols.size} symbols is ${needed}, ` +
        "give the file of the benchmark",
    );
  }
  return new WordVocabulary([...symbols], RULES);
}

/** The vocabulary of counted words: the marks, then the words in their order. */
export function vocabularyOfWords(words: readonly string[]): WordVocabulary {
  return new WordVocabulary([...new Set([SENTENCE_MARK, UNKNOWN_WORD, ...words])], RULES);
}
