/**
 * The size of raw texts in characters and bytes, for losses per character and per byte: that of typed
 * text, of characters with their symbols, and of the files of words, whose ids do not keep white
 * space.
 *
 * @module
 */
import {
  blocksOf,
  BytePairVocabulary,
  type Corpus,
  type Split,
  type TokenSequence,
  type Vocabulary,
} from "@transformer-xl/model";

/** Size of a raw text. */
export interface RawSize {
  /** Unicode code points. */
  readonly characters: number;
  /** Bytes in UTF-8. */
  readonly bytes: number;
}

/** Lines of a text, end excluded. */
interface LineRange {
  readonly from: number;
  readonly to: number;
}

const ALL_LINES: LineRange = { from: 0, to: Infinity };
const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];

/** A counter of characters and bytes over chunks of UTF-8, within a range of lines. */
class RawCounter {
  characters = 0;
  bytes = 0;
  readonly #lines: LineRange;
  #line = 0;
  #last = LINE_FEED;

  constructor(lines: LineRange) {
    this.#lines = lines;
  }

  push(chunk: Uint8Array): void {
    const { from, to } = this.#lines;
    for (const byte of chunk) {
      if (this.#last === CARRIAGE_RETURN && byte !== LINE_FEED) this.#line++;
      if (this.#line >= from && this.#line < to) {
        this.bytes++;
        if ((byte & 0xc0) !== 0x80) this.characters++; // not the continuation of a character
      }
      if (byte === LINE_FEED) this.#line++;
      this.#last = byte;
    }
  }

  /** Ends a file, and its last line if no line feed does. */
  endFile(): void {
    if (this.#last !== LINE_FEED) this.#line++;
    this.#last = LINE_FEED;
  }
}

/**
 * Size of a text.
 *
 * @example
 * ```ts
 * import { sizeOfText } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sizeOfText("naïve 🙂"), { characters: 7, bytes: 11 });
 * ```
 */
export function sizeOfText(text: string): RawSize {
  const counter = new RawCounter(ALL_LINES);
  counter.push(new TextEncoder().encode(text));
  return { characters: counter.characters, bytes: counter.bytes };
}

/** Size of a stream of characters by their symbols. */
export function sizeOfCharacters(ids: TokenSequence, { symbols }: Vocabulary): RawSize {
  const sizes = symbols.map(sizeOfText);
  let bytes = 0;
  let characters = 0;
  for (const block of blocksOf(ids)) {
    for (const id of block) {
      bytes += sizes[id]!.bytes;
      characters += sizes[id]!.characters;
    }
  }
  return { characters, bytes };
}

/** Size of a stream of bytes. Line feeds of enwik8, which have no id, do not count. */
function sizeOfBytes(ids: TokenSequence, { symbols }: Vocabulary): RawSize {
  const isContinued = symbols.map((symbol) => (Number(symbol) & 0xc0) === 0x80);
  let continued = 0;
  for (const block of blocksOf(ids)) for (const id of block) if (isContinued[id]) continued++;
  return { characters: ids.length - continued, bytes: ids.length };
}

/** Size of a stream of byte pairs; the mark of the end of a text has none. */
function sizeOfPairs(ids: TokenSequence, vocabulary: BytePairVocabulary): RawSize {
  const counter = new RawCounter(ALL_LINES);
  for (const block of blocksOf(ids)) {
    for (const id of block) if (id < vocabulary.endOfText) counter.push(vocabulary.bytesOf(id));
  }
  return { characters: counter.characters, bytes: counter.bytes };
}

/**
 * Size of a split of a corpus.
 *
 * @returns undefined where words of a text were cut inside a line
 */
export async function sizeOfSplit(corpus: Corpus, split: Split): Promise<RawSize | undefined> {
  const { vocabulary, source: { identity }, counts } = corpus;
  if (vocabulary.kind === "char") return sizeOfCharacters(corpus[split], vocabulary);
  if (vocabulary.kind === "byte") return sizeOfBytes(corpus[split], vocabulary);
  if (vocabulary instanceof BytePairVocabulary) return sizeOfPairs(corpus[split], vocabulary);
  if (identity.split === "files") return await sizeOfFiles(identity[split], ALL_LINES);
  const order = ["train", "valid", "test"] as const;
  const filled = order.filter((each) => corpus[each].length > 0);
  if (filled.length === 1) return await sizeOfFiles(identity.train, ALL_LINES);
  if (vocabulary.kind === "tokenizer") return undefined;
  const lineEnd = corpus.test.at(-1);
  if (filled.some((each) => corpus[each].at(-1) !== lineEnd)) return undefined;
  const before = order.slice(0, order.indexOf(split));
  const from = before.reduce((sum, each) => sum + counts[each].lines, 0);
  return await sizeOfFiles(identity.train, { from, to: from + counts[split].lines });
}

/** Size of the joined files; a byte order mark does not count. */
async function sizeOfFiles(
  files: readonly { readonly path: string }[],
  lines: LineRange,
): Promise<RawSize> {
  const counter = new RawCounter(lines);
  for (const { path } of files) {
    let isFirst = true;
    for await (const chunk of (await Deno.open(path)).readable) {
      counter.push(isFirst ? withoutMark(chunk) : chunk);
      isFirst = false;
    }
    counter.endFile();
  }
  return { characters: counter.characters, bytes: counter.bytes };
}

function withoutMark(chunk: Uint8Array): Uint8Array {
  const hasMark = chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
  return hasMark ? chunk.subarray(3) : chunk;
}
