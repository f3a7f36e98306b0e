/**
 * Reading of files of sentences: their ids with a mark at both ends of every line, or only their
 * numbers of sentences and tokens.
 *
 * @module
 */
import { isWhitespace } from "../vocabulary/whitespace.ts";
import { readText, type TextFile } from "../files/text_file.ts";
import { InvalidUtf8, type Scanner } from "../corpus/scan/scanner.ts";
import { INCOMPLETE, INVALID, readCodePoint, utf8Width } from "../corpus/scan/utf8.ts";
import { LINE_END, WordScanner } from "../corpus/scan/word_scanner.ts";
import { toArray } from "../tokens/token_sequence.ts";
import type { WordVocabulary } from "../vocabulary/word_vocabulary.ts";
import type { SentenceCounts, SentenceList } from "./sentence_list.ts";

/** How the files are read. */
export const PLAIN = { form: "text", anyBytes: false } as const;

/** Sentences with the number of words that have no id. */
export interface ReadSentences extends SentenceList {
  /** Tokens that stand for a word without an id. */
  readonly unknown: number;
}

/**
 * Reads the sentences of a file, one per line; an empty line is two marks.
 *
 * @param vocabulary with a sentence mark and an unknown symbol
 * @throws {DataError} if the file cannot be read or is not UTF-8
 */
export async function readSentences(
  path: string,
  vocabulary: WordVocabulary,
  chunkBytes: number,
): Promise<ReadSentences> {
  const scanner = new WordScanner();
  await readText(path, { ...PLAIN, chunkBytes }, scanner);
  const symbols = scanner.symbols();
  const known = symbols.map((symbol) => vocabulary.has(symbol));
  const numbers = Uint32Array.from(symbols, (symbol) => vocabulary.lookup(symbol));
  return marked(
    toArray(scanner.ids.take().tokens()),
    numbers,
    known,
    vocabulary.lookup(vocabulary.lineEnd),
  );
}

/** Puts the mark in front of every line and in place of its end. */
function marked(
  words: Uint32Array,
  numbers: Uint32Array,
  known: readonly boolean[],
  mark: number,
): ReadSentences {
  let sentences = 0;
  for (const word of words) if (word === LINE_END) sentences++;
  const ids = new Uint32Array(words.length + sentences);
  const starts = new Uint32Array(sentences + 1);
  let [length, line, unknown] = [0, 0, 0];
  let isStart = true;
  for (const word of words) {
    if (isStart) ids[length++] = mark;
    isStart = word === LINE_END;
    ids[length++] = isStart ? mark : numbers[word]!;
    if (isStart) starts[++line] = length;
    else if (!known[word]) unknown++;
  }
  return { ids, starts, unknown };
}

/**
 * Counts the sentences of a file and its tokens, two marks of each sentence included.
 *
 * @throws {DataError} as {@link readSentences}
 */
export async function countSentences(
  path: string,
  chunkBytes: number,
): Promise<TextFile & SentenceCounts> {
  const counter = new SentenceCounter();
  const file = await readText(path, { ...PLAIN, chunkBytes }, counter);
  const { sentences, words } = counter;
  return { ...file, sentences, tokens: words + 2 * sentences };
}

const LF = 0x0a;
const CR = 0x0d;

/** Counts words and lines as `WordScanner` separates them, without storing them. */
class SentenceCounter implements Pick<Scanner, "startFile" | "push" | "endFile"> {
  sentences = 0;
  words = 0;
  #path = "";
  /** Bytes of a character that the last chunk cut off. */
  #kept = new Uint8Array(0);
  #offset = 0;
  #isWord = false;
  #isAfterReturn = false;
  #isLine = false;

  startFile(path: string, firstByte: number): void {
    this.#path = path;
    this.#offset = firstByte;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#kept.length > 0) {
      bytes = new Uint8Array(this.#kept.length + chunk.length);
      bytes.set(this.#kept);
      bytes.set(chunk, this.#kept.length);
    }
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte > 0x20 && byte < 0x80) {
        if (!this.#isWord) this.#beginWord();
        at++;
        continue;
      }
      const point = readCodePoint(bytes, at, bytes.length);
      if (point === INCOMPLETE) break;
      if (point === INVALID) throw new InvalidUtf8(this.#path, this.#offset + at);
      at += utf8Width(point);
      if (!isWhitespace(point)) {
        if (!this.#isWord) this.#beginWord();
        continue;
      }
      this.#isWord = false;
      if (point === LF && this.#isAfterReturn) this.#isAfterReturn = false;
      else this.#endOrSpace(point);
    }
    this.#kept = bytes.slice(at);
    this.#offset += at;
  }

  endFile(): void {
    if (this.#kept.length > 0) throw new InvalidUtf8(this.#path, this.#offset);
    if (this.#isLine) this.sentences++;
  }

  #beginWord(): void {
    this.words++;
    this.#isWord = this.#isLine = true;
    this.#isAfterReturn = false;
  }

  #endOrSpace(point: number): void {
    const isEnd = point === LF || point === CR;
    if (isEnd) this.sentences++;
    this.#isLine = !isEnd;
    this.#isAfterReturn = point === CR;
  }
}
