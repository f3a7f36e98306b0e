/**
 * Training files of sentences with their identities and sizes, and the words that occur in them. A
 * file is read once; what was counted is kept, and used again as long as length and time of the file
 * stay the same.
 *
 * @module
 */
import { resolve } from "node:path";
import { toArray } from "../../tokens/token_sequence.ts";
import { LINE_END, WordScanner } from "../../corpus/scan/word_scanner.ts";
import { readText, statPath, type TextFile } from "../../files/text_file.ts";
import { type SymbolCount, symbolsByCount } from "../../vocabulary/vocabulary.ts";
import { countSentences, PLAIN } from "../read_sentences.ts";
import type { SentenceCounts } from "../sentence_list.ts";
import { countsPath, type KeptCounts, readCounts, writeCounts } from "./counts_cache.ts";

/** Times that a word has to occur: those of the benchmark's own list do. */
export const MIN_COUNT = 3;

/** A training file with its size. */
export interface CountedFile extends TextFile, SentenceCounts {}

/** Options of counting. */
export interface CountOptions {
  /** Whether words are counted. */
  readonly countsWords: boolean;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
  /** Folder of the cache; without it nothing is kept. */
  readonly cacheDir?: string | undefined;
  /** Called before the cache is written; its result is disposed of afterwards. */
  readonly guardCache?: (() => Disposable) | undefined;
}

/** Training files that were counted, now or at an earlier time. */
export interface CountedTraining {
  /** The files, in the given order. */
  readonly files: readonly CountedFile[];
  /**
   * Words that occur at least {@link MIN_COUNT} times, by descending count; undefined if words were
   * not counted.
   */
  readonly words: readonly string[] | undefined;
  /** Whether no file was read. */
  readonly cached: boolean;
  /** Reason why the counts could not be kept. */
  readonly notKept: string | undefined;
}

/**
 * Counts the files.
 *
 * @throws {DataError} if one cannot be read or is not UTF-8
 */
export async function countTraining(
  paths: readonly string[],
  { countsWords, chunkBytes, cacheDir, guardCache }: CountOptions,
): Promise<CountedTraining> {
  const cache = cacheDir === undefined ? undefined : countsPath(cacheDir, paths);
  const kept = cache === undefined ? undefined : await readCounts(cache);
  const times = new Map<string, number | null>();
  for (const path of paths) times.set(path, (await statPath(path))?.mtime?.getTime() ?? null);
  const before: (CountedFile | undefined)[] = [];
  for (const path of paths) before.push(await unchanged(path, times.get(path)!, kept));
  const hashes = (files: typeof before) => files.map((file) => file?.sha256 ?? "");
  const keptWords = kept?.words !== undefined && equal(kept.words.of, hashes(before))
    ? kept.words.symbols
    : undefined;
  const readsAll = countsWords && keptWords === undefined;
  if (!readsAll && !before.includes(undefined)) {
    const words = countsWords ? keptWords : undefined;
    return { files: before as CountedFile[], words, cached: true, notKept: undefined };
  }
  const counter = readsAll ? new WordCounter() : undefined;
  const files: CountedFile[] = [];
  for (const [n, path] of paths.entries()) {
    const known = counter === undefined ? before[n] : undefined;
    files.push(
      known ?? await (counter?.read(path, chunkBytes) ?? countSentences(path, chunkBytes)),
    );
  }
  const words = counter?.words() ?? keptWords;
  let notKept: string | undefined;
  if (cache !== undefined) {
    using _guard = guardCache?.();
    notKept = await writeCounts(cache, {
      files: files.map((file) => ({
        ...file,
        path: resolve(file.path),
        modifiedMs: times.get(file.path)!,
      })),
      ...(words && { words: { of: hashes(files), symbols: words } }),
    });
  }
  return { files, words: countsWords ? words : undefined, cached: false, notKept };
}

/** What is kept of a file, if it is the same file still. */
async function unchanged(
  path: string,
  modifiedMs: number | null,
  kept: KeptCounts | undefined,
): Promise<CountedFile | undefined> {
  const file = kept?.files.find((file) => file.path === resolve(path));
  if (file === undefined || modifiedMs === null || file.modifiedMs !== modifiedMs) return undefined;
  const { bytes, sha256, sentences, tokens } = file;
  if ((await statPath(path))?.size !== bytes) return undefined;
  return { path, bytes, sha256, sentences, tokens };
}

function equal(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, i) => value === right[i]);
}

/** Counter of the words of files. */
class WordCounter {
  readonly #scanner = new WordScanner();
  #counts = new Float64Array(1 << 16);

  async read(path: string, chunkBytes: number): Promise<CountedFile> {
    const file = await readText(path, { ...PLAIN, chunkBytes }, this.#scanner);
    using ids = this.#scanner.ids.take();
    let sentences = 0;
    const tokens = toArray(ids.tokens());
    for (const id of tokens) {
      if (id >= this.#counts.length) this.#grow(id);
      this.#counts[id]!++;
      if (id === LINE_END) sentences++;
    }
    return { ...file, sentences, tokens: tokens.length + sentences };
  }

  words(): string[] {
    const counts = this.#scanner.symbols()
      .map((symbol, id): SymbolCount => [symbol, this.#counts[id] ?? 0]);
    return symbolsByCount(counts.slice(LINE_END + 1), { minFreq: MIN_COUNT });
  }

  #grow(id: number): void {
    const counts = new Float64Array(Math.max(id + 1, 2 * this.#counts.length));
    counts.set(this.#counts);
    this.#counts = counts;
  }
}
