/**
 * Encoding of files: a scanner numbers symbols in order of appearance, the vocabulary is built from
 * the counts or given, and ids are renumbered in place.
 *
 * @module
 */
import { DataError, type Need } from "@transformer-xl/runtime";
import { BytePairScanner } from "./scan/byte_pair_scanner.ts";
import { ByteScanner } from "./scan/byte_scanner.ts";
import { CharacterScanner } from "./scan/character_scanner.ts";
import { BytePairVocabulary } from "../vocabulary/byte_pair_vocabulary.ts";
import { byteSymbol, ByteVocabulary } from "../vocabulary/byte_vocabulary.ts";
import { CharacterVocabulary } from "../vocabulary/character_vocabulary.ts";
import type { EncodedCorpus, SplitCounts } from "./corpus_cache.ts";
import { extendVocabulary } from "../vocabulary/extend_vocabulary.ts";
import type { Scanner } from "./scan/scanner.ts";
import { type Split, SPLITS } from "../files/split_names.ts";
import type { TextForm } from "../files/prepared_text.ts";
import { readText, shown } from "../files/text_file.ts";
import {
  isOfCharacters,
  type SymbolCount,
  type Vocabulary,
  type VocabularyKind,
} from "../vocabulary/vocabulary.ts";
import { splitStream } from "./split_stream.ts";
import { LINE_FEED } from "./scan/utf8.ts";
import { TokenizerScanner } from "./scan/tokenizer_scanner.ts";
import { LINE_END, WordScanner } from "./scan/word_scanner.ts";
import { TokenizerVocabulary } from "../vocabulary/tokenizer_vocabulary.ts";
import { splitWords } from "../vocabulary/whitespace.ts";
import { END_OF_LINE, type WordOptions, WordVocabulary } from "../vocabulary/word_vocabulary.ts";

/** Source of the splits: files of their own, or one stream that is cut or used as a whole. */
export type SplitFiles =
  | {
    readonly split: "files";
    readonly splits: Readonly<Partial<Record<Split, readonly string[]>>>;
  }
  | { readonly split: "lines"; readonly whole: readonly string[]; readonly as: Split | undefined };

/** Options of encoding. */
export interface EncodeOptions extends WordOptions {
  /** Kind of the symbols. */
  readonly kind: VocabularyKind;
  /** Form of the files. */
  readonly form: TextForm;
  /** Whether bytes are counted and line feeds left out, instead of taking all 256. */
  readonly countsBytes: boolean;
  /** Whether byte pairs are split from texts as in the reference. */
  readonly strips: boolean;
  /** Splits whose symbols are counted. */
  readonly counted: readonly Split[];
  /** The vocabulary; built if not given. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Whether symbols that `vocabulary` lacks are appended to it. */
  readonly extend?: boolean | undefined;
  /** Need of a user whose text has symbols without an id. */
  readonly whenMissing?: Need | undefined;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
}

/** Stands for a symbol without an id. */
const MISSING = 0xffffffff;

/** Stands for a symbol that is left out of the text. */
const DROPPED = 0xfffffffe;

const SCANNERS = { word: WordScanner, char: CharacterScanner, byte: ByteScanner } as const;

const NAMES: Readonly<Record<VocabularyKind, string>> = {
  word: "word",
  char: "character",
  byte: "byte",
  bpe: "byte pair",
  tokenizer: "symbol",
};

type Streams = Record<Split, Uint32Array<ArrayBuffer>>;

/** A file and the first of its provisional ids within the stream of its split. */
interface FileStart {
  readonly path: string;
  readonly firstId: number;
}

/**
 * Encodes the files.
 *
 * @throws {DataError} if a file cannot be read, a symbol has no id, or a text is too short to be cut
 */
export async function encodeCorpus(
  files: SplitFiles,
  options: EncodeOptions,
): Promise<EncodedCorpus> {
  const { kind } = options;
  const fixed = options.vocabulary ?? await fixedVocabulary(options);
  const scanner = scannerFor(kind, fixed);
  const { streams, starts } = await scanSplits(files, scanner, options);
  const symbols = scanner.symbols();
  if (options.form === "letters") trimSplits(streams, starts, symbols);
  const vocabulary = vocabularyOf(options, fixed, streams, symbols);
  const { ids, isUnknown } = renumbering(symbols, vocabulary, options.unknown);
  const linesOf = Uint32Array.from(
    symbols,
    (_, id) => scanner.linesIn?.(id) ?? (id === scanner.lineEnd ? 1 : 0),
  );
  const counts = {} as Record<Split, SplitCounts>;
  for (const split of SPLITS) {
    const stream = streams[split];
    let lines = 0;
    let unknown = 0;
    let missing = -1;
    for (let i = 0; i < stream.length; i++) {
      const symbol = stream[i]!;
      lines += linesOf[symbol]!;
      unknown += isUnknown[symbol]!;
      if (ids[symbol]! === MISSING && missing < 0) missing = i;
    }
    if (missing >= 0) {
      const place = { stream, at: missing, starts: starts[split], lineEnd: scanner.lineEnd };
      throw missingSymbol(vocabulary, place, unknown, options.whenMissing);
    }
    if (isOfCharacters(kind) && stream.length > 0 && stream.at(-1) !== scanner.lineEnd) lines++;
    streams[split] = renumber(stream, ids);
    counts[split] = { tokens: streams[split].length, lines, unknown };
  }
  return { vocabulary, counts, ...streams };
}

/** A scanner with the rules of a vocabulary, or of a kind of counted symbols. */
function scannerFor(kind: VocabularyKind, vocabulary: Vocabulary | undefined): Scanner {
  if (vocabulary instanceof BytePairVocabulary) return new BytePairScanner(vocabulary);
  if (vocabulary instanceof TokenizerVocabulary) return new TokenizerScanner(vocabulary);
  return new SCANNERS[kind as keyof typeof SCANNERS]();
}

/** A vocabulary that no text changes; undefined if symbols are counted. */
async function fixedVocabulary(
  { kind, countsBytes, strips }: EncodeOptions,
): Promise<Vocabulary | undefined> {
  if (kind === "bpe") return await BytePairVocabulary.load({ strips });
  return kind === "byte" && !countsBytes ? new ByteVocabulary() : undefined;
}

async function scanSplits(
  files: SplitFiles,
  scanner: Scanner,
  { chunkBytes, kind, form }: EncodeOptions,
): Promise<{ streams: Streams; starts: Record<Split, FileStart[]> }> {
  const scan = async (paths: readonly string[], starts: FileStart[]) => {
    for (const path of paths) {
      starts.push({ path, firstId: scanner.ids.length });
      await readText(path, { chunkBytes, form, anyBytes: kind === "byte" }, scanner);
    }
    return scanner.ids.take();
  };
  const starts: Record<Split, FileStart[]> = { train: [], valid: [], test: [] };
  const none = () => new Uint32Array(0);
  if (files.split === "files") {
    const streams: Streams = { train: none(), valid: none(), test: none() };
    for (const split of SPLITS) {
      streams[split] = await scan(files.splits[split] ?? [], starts[split]);
    }
    return { streams, starts };
  }
  const whole: FileStart[] = [];
  const stream = await scan(files.whole, whole);
  if (files.as !== undefined) {
    const streams: Streams = { train: none(), valid: none(), test: none(), [files.as]: stream };
    return { streams, starts: { ...starts, [files.as]: whole } };
  }
  const streams = splitStream(stream, { form, lineEnd: scanner.lineEnd, files: files.whole, kind });
  let first = 0;
  for (const split of SPLITS) {
    starts[split] = whole.map(({ path, firstId }) => ({ path, firstId: firstId - first }));
    first += streams[split].length;
  }
  return { streams, starts };
}

/** Drops white space at both ends of every split, as the preparation of text8 does. */
function trimSplits(
  streams: Streams,
  starts: Record<Split, FileStart[]>,
  symbols: readonly string[],
): void {
  const isSpace = symbols.map((symbol) => splitWords(symbol).length === 0);
  for (const split of SPLITS) {
    const stream = streams[split];
    let [from, to] = [0, stream.length];
    while (from < to && isSpace[stream[from]!]) from++;
    while (to > from && isSpace[stream[to - 1]!]) to--;
    streams[split] = stream.subarray(from, to);
    starts[split] = starts[split].map(({ path, firstId }) => ({ path, firstId: firstId - from }));
  }
}

/** Ids of provisional symbols, and which of them are unknown. */
function renumbering(
  symbols: readonly string[],
  vocabulary: Vocabulary,
  unknown: string | undefined,
): { ids: Uint32Array; isUnknown: Uint8Array } {
  const isWords = vocabulary.kind === "word";
  const symbol = vocabulary instanceof WordVocabulary ? vocabulary.unknown ?? unknown : undefined;
  const unknownId = symbol !== undefined && vocabulary.has(symbol)
    ? vocabulary.lookup(symbol)
    : MISSING;
  const isUnknown = new Uint8Array(symbols.length);
  if (vocabulary instanceof TokenizerVocabulary && vocabulary.unknownId !== undefined) {
    isUnknown[vocabulary.unknownId] = 1;
  }
  const lineEnd = vocabulary instanceof WordVocabulary ? vocabulary.lineEnd : END_OF_LINE;
  const ids = Uint32Array.from(symbols, (text, id) => {
    const wanted = isWords && id === LINE_END ? lineEnd : text;
    if (vocabulary.has(wanted)) return vocabulary.lookup(wanted);
    if (vocabulary.kind === "byte" && text === byteSymbol(LINE_FEED)) return DROPPED;
    isUnknown[id] = 1;
    // A mistyped end-of-line symbol must not silently become an unknown word.
    return isWords && wanted.includes(END_OF_LINE) ? MISSING : unknownId;
  });
  return { ids, isUnknown };
}

/** Replaces provisional ids in place; the result is shorter where some are dropped. */
function renumber(stream: Uint32Array<ArrayBuffer>, ids: Uint32Array): Uint32Array<ArrayBuffer> {
  let length = 0;
  for (let i = 0; i < stream.length; i++) {
    const id = ids[stream[i]!]!;
    if (id !== DROPPED) stream[length++] = id;
  }
  return stream.subarray(0, length);
}

/** A symbol within the stream of its split. */
interface Place {
  readonly stream: Uint32Array;
  readonly at: number;
  readonly starts: readonly FileStart[];
  readonly lineEnd: number;
}

/** Location of the first symbol without an id. The text may be private, so it is not shown. */
function missingSymbol(
  { kind, size }: Vocabulary,
  { stream, at, starts, lineEnd }: Place,
  count: number,
  whenMissing: Need | undefined,
): DataError {
  const { path, firstId } = starts.findLast(({ firstId }) => firstId <= at)!;
  let line = 1;
  let lineStart = Math.max(firstId, 0);
  // In a text that is cut, lines of previous splits count too.
  for (let i = lineStart; i < at; i++) {
    if (stream[i] !== lineEnd) continue;
    line++;
    lineStart = i + 1;
  }
  const name = NAMES[kind];
  const where = firstId < 0 ? ` of its split, ${name}` : `, ${name}`;
  return new DataError(
    `Cannot encode ${shown(path)}: line ${line}${where} ${at - lineStart + 1} is not among the ` +
      `${size} symbols of the vocabulary (${count} of ${stream.length} ${name}s are not)` +
      (kind === "word" || whenMissing !== undefined
        ? ""
        : `; leave such ${name}s out or train on text that has them`),
    { need: whenMissing ?? (kind === "word" ? "a symbol for unknown words" : undefined) },
  );
}

/** The fixed vocabulary, extended if wanted, or that of the counted symbols. */
function vocabularyOf(
  options: EncodeOptions,
  fixed: Vocabulary | undefined,
  streams: Streams,
  symbols: readonly string[],
): Vocabulary {
  const { kind, extend = false } = options;
  // The symbols of byte pairs and of a tokenizer are fixed.
  const isFixed = !extend || kind === "bpe" || kind === "tokenizer";
  if (fixed !== undefined && isFixed) return fixed;
  const counted = countVocabulary(options, streams, symbols);
  return fixed === undefined ? counted : extendVocabulary(fixed, counted);
}

function countVocabulary(
  options: EncodeOptions,
  streams: Streams,
  symbols: readonly string[],
): Vocabulary {
  const { kind } = options;
  const counts = new Float64Array(symbols.length);
  /** Symbols in the order of first occurrence, which is not that of scanning after trimming. */
  const order: number[] = [];
  for (const split of options.counted) {
    const stream = streams[split];
    for (let i = 0; i < stream.length; i++) {
      if (counts[stream[i]!]!++ === 0) order.push(stream[i]!);
    }
  }
  const counted = order.filter((id) => kind !== "word" || id !== LINE_END)
    .map((id): SymbolCount => [symbols[id]!, counts[id]!]);
  if (order.length === 0) {
    throw new DataError(
      `Cannot count a vocabulary: none of the splits ${options.counted.join(", ")} was opened`,
    );
  }
  if (kind === "byte") return ByteVocabulary.fromCounts(counted);
  return kind === "word"
    ? WordVocabulary.fromCounts(counted, options)
    : CharacterVocabulary.fromCounts(counted);
}
