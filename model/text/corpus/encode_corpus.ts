/**
 * Encoding of files: a scanner numbers symbols in order of appearance, the vocabulary is built from
 * the counts or given, and ids are renumbered in place.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { CharacterScanner } from "./scan/character_scanner.ts";
import { CharacterVocabulary } from "../vocabulary/character_vocabulary.ts";
import type { EncodedCorpus, SplitCounts } from "./corpus_cache.ts";
import type { Scanner } from "./scan/scanner.ts";
import { type Split, SPLITS } from "../files/split_names.ts";
import { readText, shown } from "../files/text_file.ts";
import type { SymbolCount, Vocabulary, VocabularyKind } from "../vocabulary/vocabulary.ts";
import { LINE_END, WordScanner } from "./scan/word_scanner.ts";
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
  /** Words or characters. */
  readonly kind: VocabularyKind;
  /** Splits whose symbols are counted. */
  readonly counted: readonly Split[];
  /** The vocabulary; built if not given. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
}

/** Positions of the cuts of a text without splits. */
const VALID_FROM = 0.90;
const TEST_FROM = 0.95;

/** Stands for a symbol without an id. */
const MISSING = 0xffffffff;

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
  const scanner: Scanner = kind === "word" ? new WordScanner() : new CharacterScanner();
  const { streams, starts } = await scanSplits(files, scanner, options);
  const symbols = scanner.symbols();
  const vocabulary = options.vocabulary ?? countVocabulary(options, streams, symbols);
  const { ids, isUnknown } = renumbering(symbols, vocabulary, options.unknown);
  const counts = {} as Record<Split, SplitCounts>;
  for (const split of SPLITS) {
    const stream = streams[split];
    let lines = 0;
    let unknown = 0;
    let missing = -1;
    for (let i = 0; i < stream.length; i++) {
      const symbol = stream[i]!;
      if (symbol === scanner.lineEnd) lines++;
      unknown += isUnknown[symbol]!;
      if (ids[symbol]! === MISSING && missing < 0) missing = i;
    }
    if (missing >= 0) {
      throw missingSymbol(vocabulary, stream, missing, unknown, starts[split], scanner.lineEnd);
    }
    if (kind === "char" && stream.length > 0 && stream.at(-1) !== scanner.lineEnd) lines++;
    for (let i = 0; i < stream.length; i++) stream[i] = ids[stream[i]!]!;
    counts[split] = { tokens: stream.length, lines, unknown };
  }
  return { vocabulary, counts, ...streams };
}

async function scanSplits(
  files: SplitFiles,
  scanner: Scanner,
  { chunkBytes, kind }: EncodeOptions,
): Promise<{ streams: Streams; starts: Record<Split, FileStart[]> }> {
  const scan = async (paths: readonly string[], starts: FileStart[]) => {
    for (const path of paths) {
      starts.push({ path, firstId: scanner.ids.length });
      await readText(
        path,
        chunkBytes,
        (firstByte) => scanner.startFile(path, firstByte),
        (chunk) => scanner.push(chunk),
        () => scanner.endFile(),
      );
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
  const streams = splitAtLines(stream, scanner.lineEnd, files.whole, kind);
  let first = 0;
  for (const split of SPLITS) {
    starts[split] = whole.map(({ path, firstId }) => ({ path, firstId: firstId - first }));
    first += streams[split].length;
  }
  return { streams, starts };
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
  const ids = Uint32Array.from(symbols, (text, id) => {
    const wanted = isWords && id === LINE_END ? END_OF_LINE : text;
    if (vocabulary.has(wanted)) return vocabulary.lookup(wanted);
    isUnknown[id] = 1;
    // A mistyped end-of-line symbol must not silently become an unknown word.
    return isWords && wanted.includes(END_OF_LINE) ? MISSING : unknownId;
  });
  return { ids, isUnknown };
}

/** Location of the first symbol without an id. The text may be private, so it is not shown. */
function missingSymbol(
  { kind, size }: Vocabulary,
  stream: Uint32Array,
  at: number,
  count: number,
  starts: readonly FileStart[],
  lineEnd: number,
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
  const name = kind === "word" ? "word" : "character";
  const where = firstId < 0 ? ` of its split, ${name}` : `, ${name}`;
  return new DataError(
    `Cannot encode ${shown(path)}: line ${line}${where} ${at - lineStart + 1} is not among the ` +
      `${size} symbols of the vocabulary (${count} of ${stream.length} ${name}s are not)` +
      (kind === "word" ? "" : "; leave such characters out or train on text that has them"),
    { need: kind === "word" ? "a symbol for unknown words" : undefined },
  );
}

function countVocabulary(
  options: EncodeOptions,
  streams: Streams,
  symbols: readonly string[],
): Vocabulary {
  const counts = new Float64Array(symbols.length);
  for (const split of options.counted) {
    const stream = streams[split];
    for (let i = 0; i < stream.length; i++) counts[stream[i]!]!++;
  }
  const counted = symbols.map((symbol, id): SymbolCount => [symbol, counts[id]!]);
  if (!counts.some((count) => count > 0)) {
    throw new DataError(
      `Cannot count a vocabulary: none of the splits ${options.counted.join(", ")} was opened`,
    );
  }
  return options.kind === "word"
    ? WordVocabulary.fromCounts(counted.slice(LINE_END + 1), options)
    : CharacterVocabulary.fromCounts(counted);
}

function splitAtLines(
  stream: Uint32Array<ArrayBuffer>,
  lineEnd: number,
  files: readonly string[],
  kind: VocabularyKind,
): Streams {
  const cut = (fraction: number, after: number): number => {
    const wanted = Math.floor(stream.length * fraction);
    const lineStart = stream.lastIndexOf(lineEnd, wanted - 1) + 1;
    return lineStart > after ? lineStart : wanted;
  };
  const validFrom = cut(VALID_FROM, 0);
  const testFrom = cut(TEST_FROM, validFrom);
  if (!(0 < validFrom && validFrom < testFrom && testFrom < stream.length)) {
    const others = files.length > 1 ? ` and ${files.length - 1} more` : "";
    throw new DataError(
      `Cannot split ${shown(files[0]!)}${others} into train, valid and test: it has ` +
        `${stream.length} tokens, at least 20 are needed, give more text`,
      { need: kind === "word" ? "characters as symbols" : undefined },
    );
  }
  return {
    train: stream.subarray(0, validFrom),
    valid: stream.subarray(validFrom, testFrom),
    test: stream.subarray(testFrom),
  };
}
