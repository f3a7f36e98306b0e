/**
 * A cache of encoded corpora as safetensors files: the vocabulary as JSON and the ids of all
 * splits. The file name is a hash of the paths and the settings; a key inside covers the content
 * of the text, and a checksum that of the file, which is replaced atomically. If it cannot be used,
 * the text is encoded again.
 *
 * @module
 */
import {
  CheckpointError,
  DataError,
  SafetensorsFile,
  sweepTemporaries,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { SPLITS } from "../files/split_names.ts";
import { StoredTokens } from "../tokens/stored_tokens.ts";
import { blocksOf, type TokenSequence } from "../tokens/token_sequence.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { vocabularyFromJSON } from "../vocabulary/vocabulary_from_json.ts";
import type { EncodedCorpus } from "./encoded_corpus.ts";

const FORMAT = "transformer-xl-corpus";

/** Version of the file and of the encoding; increased when equal texts and settings give other ids. */
const VERSION = "3";

const splitCounts = z.strictObject({
  tokens: z.int().min(0),
  lines: z.int().min(0),
  unknown: z.int().min(0),
});
const countsRecord = z.strictObject({ train: splitCounts, valid: splitCounts, test: splitCounts });

/** A corpus from the cache. */
export interface KeptCorpus {
  /** The corpus. */
  readonly corpus: EncodedCorpus;
  /** The file that its ids are read from, which the caller owns; undefined if they are in memory. */
  readonly file: Disposable | undefined;
}

/** Reason why a cache is not used, the end of a sentence. */
export type Unusable =
  | "are of another text"
  | "are of other settings"
  | "are of another version of this program"
  | "are damaged";

/** The name without its ending that files of a text share, and one of its settings. */
const NAME = /^(corpus-[0-9a-f]{16})-[0-9a-f]{16}\.safetensors$/;

/** A text and the settings of its encoding. */
export interface CacheSubject {
  /** The files of the text. */
  readonly paths: readonly string[];
  /** Whether symbols are counted; a checkpoint's symbols are another use of the text. */
  readonly counts: boolean;
  /** Everything else that the ids depend on, but for the content of the files. */
  readonly settings: string;
}

/** The cache file of a text in `cacheDir`. */
export function cachePath(cacheDir: string, { paths, counts, settings }: CacheSubject): string {
  const place = shortHash([counts, paths.map((path) => resolve(path))]);
  return `${cacheDir}/corpus-${place}-${shortHash(settings)}.safetensors`;
}

function shortHash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

/**
 * Prepares a folder of cache files: removes what killed processes left in it.
 *
 * @returns why the text of `path` has no cache; undefined if it has one, or nothing is kept of it
 */
export async function lookInCache(
  path: string,
): Promise<{ readonly isThere: boolean; readonly otherwise: Unusable | undefined }> {
  const at = path.lastIndexOf("/");
  const folder = path.slice(0, at);
  const own = path.slice(at + 1);
  try {
    await sweepTemporaries(folder);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    const place = NAME.exec(own)![1];
    const hasOthers = names.some((name) => NAME.exec(name)?.[1] === place);
    const isThere = names.includes(own);
    return { isThere, otherwise: isThere || !hasOthers ? undefined : "are of other settings" };
  } catch (error) {
    // A folder that is missing, unreadable or no folder is written to later, or that fails.
    if (error instanceof Error && "code" in error) return { isThere: false, otherwise: undefined };
    throw error;
  }
}

/**
 * Reads and checks a cache file.
 *
 * @param key of the text and the settings wanted, which may become known while the file is checked;
 * an error of it is thrown
 * @param options.memoryIds ids in memory; more are left in the file
 * @param options.vocabulary the symbols, if they are known; otherwise those of the file
 */
export async function readCorpusCache(
  path: string,
  key: string | Promise<string>,
  { memoryIds, vocabulary }: {
    readonly memoryIds: number;
    readonly vocabulary: Vocabulary | undefined;
  },
): Promise<KeptCorpus | Unusable> {
  using stack = new DisposableStack();
  // Settled both, so that no read goes on when the file is closed.
  const [wanted, read] = await Promise.allSettled([key, openChecked(path, vocabulary)]);
  if (read.status === "fulfilled" && typeof read.value !== "string") stack.use(read.value.file);
  if (wanted.status === "rejected") throw wanted.reason;
  if (read.status === "rejected") throw read.reason;
  if (typeof read.value === "string") return read.value;
  const { corpus, file } = read.value;
  if (file.metadata["key"] !== wanted.value) return "are of another text";
  const { train, valid, test } = corpus;
  if (train.length + valid.length + test.length > memoryIds) {
    stack.move();
    return { corpus, file };
  }
  const ids = { train: train.slice(), valid: valid.slice(), test: test.slice() };
  return { corpus: { ...corpus, ...ids }, file: undefined };
}

/** An open file and its corpus, checked but for the key. */
async function openChecked(
  path: string,
  vocabulary: Vocabulary | undefined,
): Promise<{ readonly corpus: EncodedCorpus; readonly file: SafetensorsFile } | Unusable> {
  try {
    using stack = new DisposableStack();
    const file = stack.use(await SafetensorsFile.open(path));
    const { format, version } = file.metadata;
    if (format !== FORMAT || version !== VERSION) return "are of another version of this program";
    const corpus = await checkedCorpus(file, vocabulary);
    if (corpus === undefined) return "are damaged";
    stack.move();
    return { corpus, file };
  } catch (error) {
    const unusable = error instanceof CheckpointError || error instanceof DataError ||
      error instanceof SyntaxError || error instanceof z.ZodError;
    if (unusable) return "are damaged";
    throw error;
  }
}

/** The corpus of a file with the right checksum, if every id has a symbol: others write files too. */
async function checkedCorpus(
  file: SafetensorsFile,
  known: Vocabulary | undefined,
): Promise<EncodedCorpus | undefined> {
  const { sha256, counts: stored } = file.metadata;
  if (sha256 === undefined || stored === undefined) return undefined;
  const vocabulary = known ?? await storedVocabulary(file);
  const counts = countsRecord.parse(JSON.parse(stored));
  if (SPLITS.some((split) => file.dtype(split) !== "U32")) return undefined;
  let largest = 0;
  await file.verify(undefined, (name, bytes) => {
    if (name !== "vocabulary") largest = Math.max(largest, largestOf(bytes));
  });
  const lengths = SPLITS.map((split) => file.byteLength(split) / Uint32Array.BYTES_PER_ELEMENT);
  const isWhole = SPLITS.every((split, i) => counts[split].tokens === lengths[i]);
  if (largest >= vocabulary.size || !isWhole) return undefined;
  const tokens = (split: (typeof SPLITS)[number]) => {
    const bytes = {
      readAt: (offset: number, target: Uint8Array) => file.readAtSync(split, offset, target),
    };
    return new StoredTokens(bytes, 0, counts[split].tokens);
  };
  return {
    ...{ vocabulary, counts },
    ...{ train: tokens("train"), valid: tokens("valid"), test: tokens("test") },
  };
}

async function storedVocabulary(file: SafetensorsFile): Promise<Vocabulary> {
  const symbols = new TextDecoder().decode(await file.tensor("vocabulary", "U8"));
  return await vocabularyFromJSON(JSON.parse(symbols));
}

function largestOf(bytes: Uint8Array<ArrayBuffer>): number {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const ids = new Uint32Array(buffer, byteOffset, byteLength / 4);
  let largest = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i]! > largest) largest = ids[i]!;
  return largest;
}

/**
 * Writes a cache file and makes its folder.
 *
 * @throws {CheckpointError} if it cannot be written
 */
export async function writeCorpusCache(
  path: string,
  key: string,
  corpus: EncodedCorpus,
): Promise<void> {
  const symbols = new TextEncoder().encode(JSON.stringify(corpus.vocabulary));
  try {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  } catch (error) {
    const { message } = error as Error;
    throw new CheckpointError(`Cannot write "${path}": ${message}`, { cause: error });
  }
  await writeSafetensors(path, [
    { name: "vocabulary", dtype: "U8", shape: [symbols.length], values: symbols },
    ...SPLITS.map((split) => ({
      name: split,
      dtype: "U32" as const,
      shape: [corpus[split].length],
      values: () => piecesOf(corpus[split]),
    })),
  ], { format: FORMAT, version: VERSION, key, counts: JSON.stringify(corpus.counts) });
}

/** The ids in pieces, each of which is written before the next is asked for. */
async function* piecesOf(tokens: TokenSequence): AsyncGenerator<Uint32Array<ArrayBuffer>> {
  for (const block of blocksOf(tokens)) yield block;
}
