/**
 * Token streams of a data set. Files are read once: a scanner numbers symbols as they appear, the
 * vocabulary is chosen from the counts, and the ids are renumbered in place. With a cache folder
 * the result is kept.
 *
 * @module
 */
import { CheckpointError, type Need } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { type Compat, COMPAT_RULES } from "../../settings/compat.ts";
import {
  cachePath,
  type CacheSubject,
  lookInCache,
  readCorpusCache,
  type Unusable,
  writeCorpusCache,
} from "./corpus_cache.ts";
import { locateCorpus } from "./corpus_files.ts";
import { type Dataset, dataSet } from "../data_sets.ts";
import { encodeCorpus } from "./encode_corpus.ts";
import type { EncodedCorpus, TextIdentity } from "./encoded_corpus.ts";
import type { SplitFiles } from "./scan_splits.ts";
import { type Split, SPLITS } from "../files/split_names.ts";
import { hashFile, type TextFile } from "../files/text_file.ts";
import type { SentenceSplits } from "../sentences/encode_sentences.ts";
import { StoredTokens } from "../tokens/stored_tokens.ts";
import { openSentences } from "../sentences/open_sentences.ts";
import type { Vocabulary, VocabularyKind } from "../vocabulary/vocabulary.ts";
import type { WordOptions } from "../vocabulary/word_vocabulary.ts";

/** Options of a corpus. */
export interface CorpusOptions extends WordOptions {
  /**
   * `wt103`, `wt2`, `ptb`: folders with splits; `text`: any UTF-8 file or folder; `enwik8`, `text8`:
   * the raw file, or a folder with it or with splits, raw or prepared; `self`: the given `files`.
   */
  readonly dataset: Dataset;
  /** The folder, or for `text` the folder or file. */
  readonly path?: string | undefined;
  /** For `self`: the files, joined in this order. */
  readonly files?: readonly string[] | undefined;
  /**
   * Kind of the symbols (default: that of the data set). Given for enwik8, `byte` takes all bytes;
   * by default they are counted, and line feeds are left out, as in the reference.
   */
  readonly vocab?: VocabularyKind | undefined;
  /** What the rules of byte pairs follow (default `none`). */
  readonly compat?: Compat | undefined;
  /**
   * The splits whose symbols are counted. The default is `train` for words of `wt103` and `wt2`:
   * their other splits have no further words, so only the order of equal counts depends on it, and
   * published perplexities use the order of the training split. Otherwise it is `all`, so that
   * evaluation never meets a symbol without an id.
   */
  readonly countFrom?: "train" | "all" | undefined;
  /**
   * Use this vocabulary, such as that of a checkpoint, instead of building one. `unknown` then
   * stands for words without an id if it is among the symbols; the vocabulary stays as it is.
   */
  readonly vocabulary?: Vocabulary | undefined;
  /** Append the symbols of the text that `vocabulary` lacks to it, with ids behind its own. */
  readonly extend?: boolean | undefined;
  /** Need of a user whose text has symbols without an id. */
  readonly whenMissing?: Need | undefined;
  /** The splits to open, if the text has splits (default: all); the others are empty. */
  readonly splits?: readonly Split[] | undefined;
  /** Use the whole text as this split; the others are empty. */
  readonly wholeAs?: Split | undefined;
  /** The required splits, if the text has splits (default: those to open). */
  readonly required?: readonly Split[] | undefined;
  /** Folder of the cache; without it nothing is cached. */
  readonly cacheDir?: string | undefined;
  /** Called before a cache file is written; its result is disposed of afterwards. */
  readonly guardCache?: (() => Disposable) | undefined;
  /** Bytes read at a time (default 1 MiB). */
  readonly chunkBytes?: number | undefined;
  /**
   * Ids in memory (default 16 Mi). Those of a longer text are in the cache file, or without one in a
   * temporary file without a name, and read by position.
   */
  readonly memoryIds?: number | undefined;
}

/** Source of a corpus. */
export interface CorpusSource {
  /** The data set. */
  readonly dataset: Dataset;
  /** The files read, in order. */
  readonly files: readonly string[];
  /** The same files by split, with sizes and hashes. */
  readonly identity: TextIdentity;
  /** Skipped files, each with the reason. */
  readonly leftOut: readonly string[];
  /** SHA-256 of the source bytes and the options. */
  readonly key: string;
  /** Whether the ids came from the cache. */
  readonly cached: boolean;
  /** Reason why the ids could not be cached. */
  readonly notKept?: string | undefined;
  /** Reason why ids of an earlier time were not used. */
  readonly replaced?: Unusable | undefined;
}

/** The token streams of a data set. Disposing of it closes the file of a long text's ids. */
export interface Corpus extends EncodedCorpus, Disposable {
  /** Their source. */
  readonly source: CorpusSource;
  /** Sentences in random order, whose training stream is empty; undefined for other texts. */
  readonly sentences?: SentenceSplits | undefined;
}

const DEFAULT_CHUNK_BYTES = 1 << 20;

/** Default of ids in memory: 64 MiB. */
const DEFAULT_MEMORY_IDS = 1 << 24;

/**
 * Opens a data set. A text without splits is cut at 90 % and 95 % of its tokens, each cut moved
 * back to the start of a line (or left inside the line if a split would be empty).
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
  const { dataset, chunkBytes = DEFAULT_CHUNK_BYTES, splits = SPLITS, wholeAs } = options;
  const wanted = wholeAs === undefined ? options.required ?? splits : [];
  const located = await locateCorpus(dataset, options.path, options.files, wanted);
  const { leftOut } = located;
  if (dataSet(dataset).files === "sentences") {
    const { vocabulary, cacheDir, guardCache } = options;
    const { encoded, ...found } = await openSentences(located, {
      ...{ dataset, path: options.path!, splits, wholeAs, vocabulary },
      ...{ chunkBytes, cacheDir, guardCache },
    });
    return { ...encoded, source: { dataset, leftOut, ...found }, [Symbol.dispose]: () => {} };
  }
  let files: SplitFiles;
  if (located.split === "lines") {
    files = { split: "lines", whole: located.whole, as: wholeAs };
  } else if (wholeAs !== undefined) {
    const whole = SPLITS.flatMap((split) => located.splits[split] ?? []);
    files = { split: "lines", whole, as: wholeAs };
  } else {
    const opened = SPLITS.filter((split) => splits.includes(split));
    files = {
      split: "files",
      splits: Object.fromEntries(opened.map((split) => [split, located.splits[split] ?? []])),
    };
  }
  const opened = await openFiles(files, options);
  return {
    ...opened.corpus,
    source: { dataset, files: pathsOf(files), leftOut, ...opened.source },
    [Symbol.dispose]: () => opened.ids?.[Symbol.dispose](),
  };
}

/** The ids of files, and where they came from. */
interface OpenedFiles {
  readonly corpus: EncodedCorpus;
  readonly source: Omit<CorpusSource, "dataset" | "files" | "leftOut">;
  /** The file of the ids. */
  readonly ids: Disposable | undefined;
}

/** Takes the ids from the cache, or encodes the files. */
async function openFiles(files: SplitFiles, options: CorpusOptions): Promise<OpenedFiles> {
  const { cacheDir, chunkBytes = DEFAULT_CHUNK_BYTES, memoryIds = DEFAULT_MEMORY_IDS } = options;
  const subject = {
    paths: pathsOf(files),
    counts: options.vocabulary === undefined,
    settings: settingsOf(options, files),
  };
  const path = cacheDir === undefined ? undefined : cachePath(cacheDir, subject);
  let replaced: Unusable | undefined;
  if (path !== undefined) {
    const { isThere, otherwise } = await lookInCache(path);
    replaced = otherwise;
    if (isThere) {
      const identity = identify(files, chunkBytes);
      const key = identity.then((known) => keyOf(subject, known));
      const vocabulary = options.extend ? undefined : options.vocabulary;
      // The text is hashed while the ids are checked.
      const kept = await readCorpusCache(path, key, { memoryIds, vocabulary });
      if (typeof kept !== "string") {
        const { corpus, file: ids } = kept;
        const source = { identity: await identity, key: await key, cached: true };
        return { corpus, source, ids };
      }
      replaced = kept;
    }
  }
  const { corpus, identity, store } = await encodeCorpus(files, {
    ...options,
    kind: kindOf(options),
    form: dataSet(options.dataset).form,
    countsBytes: countsBytes(options),
    strips: COMPAT_RULES[options.compat ?? "none"].stripsBytePairs,
    counted: countedSplits(options),
    ...{ chunkBytes, memoryIds, folder: cacheDir },
  });
  const key = keyOf(subject, identity);
  const notKept = path === undefined ? undefined : await keep(path, key, corpus, options);
  const source = { identity, key, cached: false, notKept, replaced };
  if (path !== undefined && notKept === undefined && corpus.train instanceof StoredTokens) {
    // The ids need not be on disk twice.
    const { vocabulary } = corpus;
    const kept = await readCorpusCache(path, key, { memoryIds, vocabulary });
    if (typeof kept !== "string") {
      store[Symbol.dispose]();
      return { corpus: kept.corpus, source, ids: kept.file };
    }
  }
  return { corpus, source, ids: store };
}

/** Writes the cache; on a full disk the run continues without it. */
async function keep(
  path: string,
  key: string,
  encoded: EncodedCorpus,
  { guardCache }: CorpusOptions,
): Promise<string | undefined> {
  using _guard = guardCache?.();
  try {
    await writeCorpusCache(path, key, encoded);
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointError) return error.message;
    throw error;
  }
}

function kindOf({ vocabulary, vocab, dataset }: CorpusOptions): VocabularyKind {
  return vocabulary?.kind ?? vocab ?? dataSet(dataset).vocabulary;
}

/** Whether the bytes of a text are counted, as the reference does for enwik8. */
function countsBytes({ vocab, dataset }: CorpusOptions): boolean {
  return vocab === undefined && dataSet(dataset).form === "numbers";
}

function countedSplits(options: CorpusOptions): readonly Split[] {
  const fallback = kindOf(options) === "word" ? dataSet(options.dataset).countFrom : "all";
  return (options.countFrom ?? fallback) === "train" ? ["train"] : SPLITS;
}

async function identify(files: SplitFiles, chunkBytes: number): Promise<TextIdentity> {
  const read = async (paths: readonly string[] = []): Promise<TextFile[]> => {
    const found: TextFile[] = [];
    for (const path of paths) found.push(await hashFile(path, chunkBytes));
    return found;
  };
  if (files.split === "lines") {
    return { split: "lines", train: await read(files.whole), valid: [], test: [] };
  }
  const { train, valid, test } = files.splits;
  return {
    split: "files",
    train: await read(train),
    valid: await read(valid),
    test: await read(test),
  };
}

function pathsOf(files: SplitFiles): readonly string[] {
  return files.split === "lines"
    ? files.whole
    : SPLITS.flatMap((split) => files.splits[split] ?? []);
}

/** Everything that ids depend on but the text, and which files are which split. */
function settingsOf(options: CorpusOptions, files: SplitFiles): string {
  const { lowerCase, minFreq, maxSize, unknown, vocabulary, extend = false } = options;
  const counted = {
    splits: countedSplits(options),
    lowerCase,
    minFreq,
    maxSize,
    unknown,
    bytes: countsBytes(options),
    strips: kindOf(options) === "bpe" && COMPAT_RULES[options.compat ?? "none"].stripsBytePairs,
  };
  const given = vocabulary &&
    { ...vocabulary.toJSON(), symbols: vocabulary.fingerprint, otherwise: unknown };
  const counting = given === undefined ? counted : extend ? { given, counted } : given;
  const { form } = dataSet(options.dataset);
  const layout = files.split === "lines"
    ? files.as ?? "cut"
    : SPLITS.map((split) => files.splits[split]?.length ?? 0);
  return JSON.stringify([layout, form, kindOf(options), counting]);
}

function keyOf({ settings }: CacheSubject, identity: TextIdentity): string {
  const hashes = SPLITS.map((split) => identity[split].map(({ sha256 }) => sha256));
  return createHash("sha256").update(JSON.stringify([settings, hashes])).digest("hex");
}
