/**
 * Vocabularies of other programs: objects of the reference's and the authors' classes, corpora that
 * hold one, and the dictionaries of Hugging Face's tokenizer, all read as data; or a list of words.
 *
 * @module
 */
import {
  attributesOf,
  DataError,
  JsonFault,
  PickleObject,
  type PickleValue,
  quoted,
  TorchFile,
} from "@transformer-xl/runtime";
import { SENTENCE_MARK, UNKNOWN_WORD } from "../../text/sentences/files/vocabulary_file.ts";
import { BytePairVocabulary } from "../../text/vocabulary/byte_pair_vocabulary.ts";
import type { Vocabulary, VocabularyRecord } from "../../text/vocabulary/vocabulary.ts";
import { vocabularyFromJSON } from "../../text/vocabulary/vocabulary_from_json.ts";
import { splitLines, splitWords } from "../../text/vocabulary/whitespace.ts";
import { END_OF_LINE } from "../../text/vocabulary/word_vocabulary.ts";
import { allBytes, firstBytes } from "./given_file.ts";
import { cannotImport } from "./import_error.ts";

/** Class of GPT-2's byte pairs in NVIDIA's program. */
const BYTE_PAIR_CLASS = /\bOpenAIVocab$/;

/** Bytes of enwik8, as the reference's script writes them. */
const BYTE = /^(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;

/** Letters of text8, where the reference's script writes a space so. */
const LETTER = /^[a-z_]$/;
const WRITTEN_SPACE = "_";

/** Longest list of words, in bytes. */
const MAX_LIST_BYTES = 256 << 20;

/** Most objects around a vocabulary. */
const MAX_DEPTH = 3;

/**
 * The vocabulary of an object in a file.
 *
 * @param path the file, for messages
 * @throws {CheckpointError} When it is no vocabulary, or one that cannot be represented
 */
export async function vocabularyOf(path: string, value: PickleValue): Promise<Vocabulary> {
  let holder = value;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (holder instanceof PickleObject && BYTE_PAIR_CLASS.test(holder.className)) {
      return await BytePairVocabulary.load({ strips: true });
    }
    const attributes = attributesOf(holder);
    if (typeof attributes.get("kind") === "string") return await ofRecord(path, attributes);
    if (attributes.has("idx2sym")) return await madeOf(path, recordOf(path, attributes));
    const inner = attributes.get("vocab");
    if (inner === undefined) break;
    holder = inner;
  }
  throw cannotImport(path, "its vocabulary has no list of symbols (idx2sym)");
}

/**
 * The vocabulary of a file of its own: pickled, or a list of words, one per line.
 *
 * @throws {CheckpointError} When it cannot be read, or is no vocabulary
 */
export async function readVocabulary(path: string, lowerCase: boolean): Promise<Vocabulary> {
  const [first, second] = await firstBytes(path, 2);
  if (first === 0x50 && second === 0x4b || first === 0x80) { // a ZIP archive or a pickle
    using file = await TorchFile.open(path);
    return await vocabularyOf(path, file.value);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(
      await allBytes(path, MAX_LIST_BYTES),
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw cannotImport(path, "it is neither a pickle nor a list of words in UTF-8");
  }
  const symbols = splitLines(text).flatMap((line) => splitWords(line).slice(0, 1));
  return await madeOf(path, recordOfWords(path, symbols, lowerCase, undefined));
}

type Attributes = ReadonlyMap<PickleValue, PickleValue>;

/** The record that `deno task export` wrote. */
async function ofRecord(path: string, attributes: Attributes): Promise<Vocabulary> {
  return await madeOf(path, Object.fromEntries(attributes) as unknown as VocabularyRecord);
}

function recordOf(path: string, attributes: Attributes): VocabularyRecord {
  const list = attributes.get("idx2sym");
  if (!Array.isArray(list) || !list.every((symbol) => typeof symbol === "string")) {
    throw cannotImport(path, "the symbols of its vocabulary are no list of texts");
  }
  const symbols = list as string[];
  const hasEnd = symbols.includes(END_OF_LINE);
  if (!hasEnd && symbols.every((symbol) => BYTE.test(symbol))) return { kind: "byte", symbols };
  if (!hasEnd && symbols.every((symbol) => [...symbol].length === 1)) {
    const isText8 = symbols.every((symbol) => LETTER.test(symbol));
    const spaced = symbols.map((symbol) => symbol === WRITTEN_SPACE ? " " : symbol);
    return { kind: "char", symbols: isText8 ? spaced : symbols };
  }
  const unknownId = attributes.get("unk_idx");
  const unknown = typeof unknownId === "number" ? symbols[unknownId] : undefined;
  return recordOfWords(path, symbols, attributes.get("lower_case") === true, unknown);
}

function recordOfWords(
  path: string,
  symbols: readonly string[],
  lowerCase: boolean,
  unknown: string | undefined,
): VocabularyRecord {
  const words = { kind: "word", symbols, lowerCase } as const;
  if (symbols.includes(END_OF_LINE)) return { ...words, ...(unknown !== undefined && { unknown }) };
  if (symbols.includes(SENTENCE_MARK) && symbols.includes(UNKNOWN_WORD)) {
    return { ...words, unknown: UNKNOWN_WORD, sentenceMark: SENTENCE_MARK };
  }
  throw cannotImport(
    path,
    `its vocabulary of ${symbols.length} words has neither ${quoted(END_OF_LINE)} nor ` +
      `${quoted(SENTENCE_MARK)} and ${quoted(UNKNOWN_WORD)}`,
  );
}

async function madeOf(path: string, record: VocabularyRecord): Promise<Vocabulary> {
  const twice = Array.isArray(record.symbols) ? repeated(record.symbols) : undefined;
  if (twice !== undefined) {
    throw cannotImport(path, `its vocabulary has the symbol ${quoted(twice, 80)} twice`);
  }
  try {
    return await vocabularyFromJSON(record);
  } catch (error) {
    if (!(error instanceof DataError || error instanceof JsonFault)) throw error;
    throw cannotImport(path, `its vocabulary is wrong: ${error.message}`);
  }
}

function repeated(symbols: readonly unknown[]): string | undefined {
  const seen = new Set<unknown>();
  const found = symbols.find((symbol) => seen.size === seen.add(symbol).size);
  return typeof found === "string" ? found : undefined; // the schema refuses others
}
