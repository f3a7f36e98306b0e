/**
 * A vocabulary as the object of the reference that its programs tokenise typed text with.
 *
 * @module
 */
import {
  orderedDict,
  PythonCall,
  PythonName,
  PythonObject,
  type PythonValue,
} from "@transformer-xl/runtime";
import { END_OF_LINE } from "../text/vocabulary/word_vocabulary.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";

/**
 * The object; null for byte pairs and tokenizers, whose tokenizers are objects of other libraries
 * there.
 */
export function referenceVocabulary(vocabulary: Vocabulary): PythonObject | null {
  const { kind, symbols } = vocabulary;
  if (kind === "bpe" || kind === "tokenizer") return null;
  const { lowerCase = false, unknown } = vocabulary.toJSON();
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  return new PythonObject(
    new PythonName("utils.vocabulary", "Vocab"),
    new Map<string, PythonValue>([
      ["counter", new PythonCall(new PythonName("collections", "Counter"), [])],
      ["special", ids.has(END_OF_LINE) ? [END_OF_LINE] : []],
      ["min_freq", 0],
      ["max_size", null],
      ["lower_case", lowerCase],
      ["delimiter", kind === "char" ? "" : null],
      ["vocab_file", null],
      ["idx2sym", symbols],
      ["sym2idx", orderedDict(ids)],
      ...(ids.has(END_OF_LINE) ? [["eos_idx", ids.get(END_OF_LINE)!] as const] : []),
      // Without this attribute, the reference demands the symbol "<unk>" of any vocabulary.
      ["unk_idx", ids.get(unknown ?? "<unk>") ?? null],
    ]),
  );
}
