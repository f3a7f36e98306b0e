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
import type { EncodedCorpus, SplitCounts, TextIdentity } from "./encoded_corpus.ts";
import { extendVocabulary } from "../vocabulary/extend_vocabulary.ts";
import type { Scanner } from "./scan/scanner.ts";
import { type Split, SPLITS } from "../files/split_names.ts";
import type { TextForm } from "../files/prepared_text.ts";
import { IdSpool, type SpoolOptions } from "../tokens/id_spool.ts";
import { blocksOf, type TokenSequence } from "../tokens/token_sequence.ts";
import type { TokenStore } from "../tokens/token_store.ts";
import {
  isOfCharacters,
  type SymbolCount,
  type Vocabulary,
  type VocabularyKind,
} from "../vocabulary/vocabulary.ts";
import { findMissing, MISSING, missingSymbol } from "./missing_symbol.ts";
import { type ScannedText, scanSplits, type SplitFiles, trimSplits } from "./scan_splits.ts";
import { LINE_FEED } from "./scan/utf8.ts";
import { TokenizerScanner } from "./scan/tokenizer_scanner.ts";
import { LINE_END, WordScanner } from "./scan/word_scanner.ts";
import { TokenizerVocabulary } from "../vocabulary/tokenizer_vocabulary.ts";
import { END_OF_LINE, type WordOptions, WordVocabulary } from "../vocabulary/word_vocabulary.ts";

/** Options of encoding. */
export interface EncodeOptions extends WordOptions, SpoolOptions {
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

/** Stands for a symbol that is left out of the text. */
const DROPPED = 0xfffffffe;

const SCANNERS = { word: WordScanner, char: CharacterScanner, byte: ByteScanner } as const;

/** An encoded text. */
export interface EncodedText {
  /** Its splits. */
  readonly corpus: EncodedCorpus;
  /** The files that were read. */
  readonly identity: TextIdentity;
  /** The ids behind the splits, which the caller owns. */
  readonly store: TokenStore;
}

/**
 * Encodes the files, each read once.
 *
 * @throws {DataError} if a file cannot be read, a symbol has no id, or a text is too short to be cut
 */
export async function encodeCorpus(
  files: SplitFiles,
  options: EncodeOptions,
): Promise<EncodedText> {
  const { kind } = options;
  using stack = new DisposableStack();
  const fixed = options.vocabulary ?? await fixedVocabulary(options);
  const scanner = scannerFor(kind, fixed, stack.use(new IdSpool(options)));
  const { store, identity, ranges } = await scanSplits(files, scanner, options);
  stack.use(store);
  const symbols = scanner.symbols();
  if (options.form === "letters") trimSplits(store, ranges, symbols);
  const vocabulary = vocabularyOf(options, fixed, { store, ranges }, symbols);
  const { ids, isUnknown } = renumbering(symbols, vocabulary, options.unknown);
  if (ids.includes(MISSING)) {
    for (const split of SPLITS) {
      const missing = findMissing(store, ranges[split], ids, isUnknown);
      if (missing === undefined) continue;
      const place = { store, range: ranges[split], ...missing, lineEnd: scanner.lineEnd };
      throw missingSymbol(vocabulary, place, options.whenMissing);
    }
  }
  const linesOf = Uint32Array.from(
    symbols,
    (_, id) => scanner.linesIn?.(id) ?? (id === scanner.lineEnd ? 1 : 0),
  );
  const counts = {} as Record<Split, SplitCounts>;
  const streams = {} as Record<Split, TokenSequence>;
  for (const split of SPLITS) {
    const { from, to } = ranges[split];
    const lastId = store.tokens(from, to).at(-1);
    let lines = isOfCharacters(kind) && from < to && lastId !== scanner.lineEnd ? 1 : 0;
    let unknown = 0;
    const end = store.update(from, to, (block) => {
      let length = 0;
      for (let i = 0; i < block.length; i++) {
        const symbol = block[i]!;
        lines += linesOf[symbol]!;
        unknown += isUnknown[symbol]!;
        const id = ids[symbol]!;
        if (id !== DROPPED) block[length++] = id;
      }
      return length;
    });
    streams[split] = store.tokens(from, end);
    counts[split] = { tokens: end - from, lines, unknown };
  }
  stack.move();
  return { corpus: { vocabulary, counts, ...streams }, identity, store };
}

/** A scanner with the rules of a vocabulary, or of a kind of counted symbols. */
function scannerFor(
  kind: VocabularyKind,
  vocabulary: Vocabulary | undefined,
  ids: IdSpool,
): Scanner {
  if (vocabulary instanceof BytePairVocabulary) return new BytePairScanner(vocabulary, ids);
  if (vocabulary instanceof TokenizerVocabulary) return new TokenizerScanner(vocabulary, ids);
  return new SCANNERS[kind as keyof typeof SCANNERS](ids);
}

/** A vocabulary that no text changes; undefined if symbols are counted. */
async function fixedVocabulary(
  { kind, countsBytes, strips }: EncodeOptions,
): Promise<Vocabulary | undefined> {
  if (kind === "bpe") return await BytePairVocabulary.load({ strips });
  return kind === "byte" && !countsBytes ? new ByteVocabulary() : undefined;
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

/** The fixed vocabulary, extended if wanted, or that of the counted symbols. */
function vocabularyOf(
  options: EncodeOptions,
  fixed: Vocabulary | undefined,
  text: Pick<ScannedText, "store" | "ranges">,
  symbols: readonly string[],
): Vocabulary {
  const { kind, extend = false } = options;
  // The symbols of byte pairs and of a tokenizer are fixed.
  const isFixed = !extend || kind === "bpe" || kind === "tokenizer";
  if (fixed !== undefined && isFixed) return fixed;
  const counted = countVocabulary(options, text, symbols);
  return fixed === undefined ? counted : extendVocabulary(fixed, counted);
}

function countVocabulary(
  options: EncodeOptions,
  { store, ranges }: Pick<ScannedText, "store" | "ranges">,
  symbols: readonly string[],
): Vocabulary {
  const { kind } = options;
  const counts = new Float64Array(symbols.length);
  /** Symbols in the order of first occurrence, which is not that of scanning after trimming. */
  const order: number[] = [];
  for (const split of options.counted) {
    const { from, to } = ranges[split];
    for (const block of blocksOf(store.tokens(from, to))) {
      for (const symbol of block) if (counts[symbol]!++ === 0) order.push(symbol);
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
