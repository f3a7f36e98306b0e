/**
 * A data set as token streams. Files are read once: a scanner numbers symbols as they appear, the
 * vocabulary is chosen from the counts, and the ids are renumbered in place. With a cache folder the
 * result is kept, named by a hash of the source bytes and the options.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { CharacterScanner } from "./character_scanner.ts";
import { CharacterVocabulary } from "./character_vocabulary.ts";
import {
  cachePath,
  type EncodedCorpus,
  readCorpusCache,
  writeCorpusCache,
} from "./corpus_cache.ts";
import {
  type CorpusFiles,
  type Dataset,
  hashFile,
  locateCorpus,
  type Part,
  PARTS,
  readChunks,
} from "./corpus_files.ts";
import type { Scanner } from "./scanner.ts";
import type { SymbolCount, Vocabulary, VocabularyKind } from "./vocabulary.ts";
import { LINE_END, WordScanner } from "./word_scanner.ts";
import { END_OF_LINE, type WordOptions, WordVocabulary } from "./word_vocabulary.ts";

/** What to open and how to count it. */
export interface CorpusOptions extends WordOptions {
  /**
   * `wt103`, `wt2`: folders with WikiText; `text`: any UTF-8 file or folder; `self`: the given `files`.
   */
  readonly dataset: Dataset;
  /** The folder, or for `text` the folder or file. */
  readonly path?: string | undefined;
  /** For `self`: the files, joined in this order. */
  readonly files?: readonly string[] | undefined;
  /** Words or characters (default: characters for `self`, words otherwise). */
  readonly vocab?: VocabularyKind | undefined;
  /**
   * The parts whose symbols are counted. The default is `train` for words of `wt103` and `wt2`: their
   * other parts hold no word that the training part lacks, so only the order of equal counts depends on
   * it, and published perplexities use the order of the training part. Otherwise it is `all`, so that
   * evaluation never meets a symbol without an id.
   */
  readonly countFrom?: "train" | "all" | undefined;
  /** Encode with this vocabulary, say of a checkpoint, instead of counting one. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Where encoded corpora are kept; without it nothing is cached. */
  readonly cacheDir?: string | undefined;
  /** Bytes read at a time (default 1 MiB). */
  readonly chunkBytes?: number | undefined;
}

/** Where a corpus came from. */
export interface CorpusSource {
  /** The data set. */
  readonly dataset: Dataset;
  /** The files read, in order. */
  readonly files: readonly string[];
  /** SHA-256 of the source bytes and the options. */
  readonly key: string;
  /** Whether the ids came from the cache. */
  readonly cached: boolean;
}

/** The token streams of a data set. */
export interface Corpus extends EncodedCorpus {
  /** Where they came from. */
  readonly source: CorpusSource;
}

/** Changes whenever equal sources and options would give other ids than before. */
const FORMAT = 1;

const DEFAULT_CHUNK_BYTES = 1 << 20;

/** Where a text without parts is cut into training, validation and test. */
const VALID_FROM = 0.90;
const TEST_FROM = 0.95;

/**
 * Opens a data set. A text without parts of its own is cut at 90 % and 95 % of its tokens, each cut
 * moved back to the start of a line (or left inside the line when that would empty a part).
 *
 * @example
 * ```ts
 * import { openCorpus } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "all work and no play\n".repeat(20));
 * const corpus = await openCorpus({ dataset: "text", path });
 * assertEquals(corpus.vocabulary.size, 6);
 * assertEquals([corpus.train.length, corpus.valid.length, corpus.test.length], [108, 6, 6]);
 * await Deno.remove(path);
 * ```
 *
 * @throws {DataError} if files are missing, empty or not UTF-8, if a symbol has no id, or if the text
 * is too short to be split.
 */
export async function openCorpus(options: CorpusOptions): Promise<Corpus> {
  const { dataset, cacheDir, chunkBytes = DEFAULT_CHUNK_BYTES } = options;
  const located = await locateCorpus(dataset, options.path, options.files);
  const files = located.split === "lines"
    ? located.whole
    : PARTS.map((part) => located.parts[part]);
  const key = await corpusKey(options, located, files, chunkBytes);
  const path = cacheDir === undefined ? undefined : cachePath(cacheDir, key);

  const kept = path === undefined ? undefined : await readCorpusCache(path);
  if (kept !== undefined) return { ...kept, source: { dataset, files, key, cached: true } };

  const encoded = await encodeCorpus(options, located, chunkBytes);
  if (path !== undefined) await writeCorpusCache(path, encoded);
  return { ...encoded, source: { dataset, files, key, cached: false } };
}

function kindOf({ vocabulary, vocab, dataset }: CorpusOptions): VocabularyKind {
  return vocabulary?.kind ?? vocab ?? (dataset === "self" ? "char" : "word");
}

function countedParts(options: CorpusOptions): readonly Part[] {
  const isWikiText = options.dataset === "wt103" || options.dataset === "wt2";
  const fallback = isWikiText && kindOf(options) === "word" ? "train" : "all";
  return (options.countFrom ?? fallback) === "train" ? ["train"] : PARTS;
}

async function corpusKey(
  options: CorpusOptions,
  located: CorpusFiles,
  files: readonly string[],
  chunkBytes: number,
): Promise<string> {
  const hash = createHash("sha256");
  const { lowerCase, minFreq, maxSize, unknown, vocabulary } = options;
  const counting = vocabulary === undefined
    ? { parts: countedParts(options), lowerCase, minFreq, maxSize, unknown }
    : { ...vocabulary.toJSON(), symbols: vocabulary.fingerprint };
  hash.update(JSON.stringify([FORMAT, located.split, kindOf(options), counting]));
  for (const file of files) hash.update(await hashFile(file, chunkBytes));
  return hash.digest("hex");
}

type Streams = Record<Part, Uint32Array<ArrayBuffer>>;

async function encodeCorpus(
  options: CorpusOptions,
  located: CorpusFiles,
  chunkBytes: number,
): Promise<EncodedCorpus> {
  const scanner: Scanner = kindOf(options) === "word" ? new WordScanner() : new CharacterScanner();
  const scan = async (files: readonly string[]): Promise<Uint32Array<ArrayBuffer>> => {
    for (const file of files) {
      scanner.startFile(file);
      await readChunks(file, chunkBytes, (chunk) => scanner.push(chunk));
      scanner.endFile();
    }
    return scanner.ids.take();
  };
  let streams: Streams;
  if (located.split === "lines") {
    const stream = await scan(located.whole);
    streams = splitAtLines(stream, scanner.lineEnd, located.whole);
  } else {
    const train = await scan([located.parts.train]);
    const valid = await scan([located.parts.valid]);
    streams = { train, valid, test: await scan([located.parts.test]) };
  }
  const symbols = scanner.symbols();
  const vocabulary = options.vocabulary ?? countVocabulary(options, streams, symbols);
  const isWords = vocabulary.kind === "word";
  const renumbered = Uint32Array.from(
    symbols,
    (symbol, id) => vocabulary.lookup(isWords && id === LINE_END ? END_OF_LINE : symbol),
  );
  for (const part of PARTS) {
    const stream = streams[part];
    for (let i = 0; i < stream.length; i++) stream[i] = renumbered[stream[i]!]!;
  }
  return { vocabulary, ...streams };
}

function countVocabulary(
  options: CorpusOptions,
  streams: Streams,
  symbols: readonly string[],
): Vocabulary {
  const counts = new Float64Array(symbols.length);
  for (const part of countedParts(options)) {
    const stream = streams[part];
    for (let i = 0; i < stream.length; i++) counts[stream[i]!]!++;
  }
  const counted = symbols.map((symbol, id): SymbolCount => [symbol, counts[id]!]);
  return kindOf(options) === "word"
    ? WordVocabulary.fromCounts(counted.slice(LINE_END + 1), options)
    : CharacterVocabulary.fromCounts(counted);
}

function splitAtLines(
  stream: Uint32Array<ArrayBuffer>,
  lineEnd: number,
  files: readonly string[],
): Streams {
  const cut = (fraction: number, after: number): number => {
    const wanted = Math.floor(stream.length * fraction);
    const lineStart = stream.lastIndexOf(lineEnd, wanted - 1) + 1;
    return lineStart > after ? lineStart : wanted;
  };
  const validFrom = cut(VALID_FROM, 0);
  const testFrom = cut(TEST_FROM, validFrom);
  if (!(0 < validFrom && validFrom < testFrom && testFrom < stream.length)) {
    throw new DataError(
      `Cannot split "${files.join('", "')}" into train, valid and test: it has ` +
        `${stream.length} tokens, at least 20 are needed, give more text`,
    );
  }
  return {
    train: stream.subarray(0, validFrom),
    valid: stream.subarray(validFrom, testFrom),
    test: stream.subarray(testFrom),
  };
}
