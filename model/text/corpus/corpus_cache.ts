/**
 * A cache of encoded corpora as safetensors files: the vocabulary as JSON and the ids of all
 * splits. The file name is a hash of source and options, and the file is replaced atomically. If it
 * cannot be used, the text is encoded again.
 *
 * @module
 */
import {
  CheckpointError,
  DataError,
  SafetensorsFile,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { z } from "zod";
import { type Split, SPLITS } from "../files/split_names.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { vocabularyFromJSON } from "../vocabulary/vocabulary_from_json.ts";

/** Size of a split. */
export interface SplitCounts {
  /** Token ids. */
  readonly tokens: number;
  /** Lines; of characters, a last line without a line feed counts too. */
  readonly lines: number;
  /** Tokens that stand for a word without an id. */
  readonly unknown: number;
}

/** Content of a cache file. */
export interface EncodedCorpus {
  /** The symbols behind the ids. */
  readonly vocabulary: Vocabulary;
  /** Ids for training. */
  readonly train: Uint32Array<ArrayBuffer>;
  /** Ids for validation. */
  readonly valid: Uint32Array<ArrayBuffer>;
  /** Ids for the final test. */
  readonly test: Uint32Array<ArrayBuffer>;
  /** Sizes of the splits. */
  readonly counts: Readonly<Record<Split, SplitCounts>>;
}

const FORMAT = "transformer-xl-corpus";
const VERSION = "2";

const splitCounts = z.strictObject({
  tokens: z.int().min(0),
  lines: z.int().min(0),
  unknown: z.int().min(0),
});
const countsRecord = z.strictObject({ train: splitCounts, valid: splitCounts, test: splitCounts });

/** The cache file of `key` in `cacheDir`. */
export function cachePath(cacheDir: string, key: string): string {
  return `${cacheDir}/corpus-${key.slice(0, 24)}.safetensors`;
}

/**
 * Reads a cache file; `undefined` if there is none, or if it is damaged, or of another text or
 * version.
 */
export async function readCorpusCache(
  path: string,
  key: string,
): Promise<EncodedCorpus | undefined> {
  try {
    using file = await SafetensorsFile.open(path);
    const { format, version, key: stored, sha256, counts } = file.metadata;
    if (format !== FORMAT || version !== VERSION || stored !== key) return undefined;
    if (sha256 === undefined || counts === undefined) return undefined;
    await file.verify();
    const symbols = new TextDecoder().decode(await file.tensor("vocabulary", "U8"));
    const corpus: EncodedCorpus = {
      vocabulary: await vocabularyFromJSON(JSON.parse(symbols)),
      train: await file.tensor("train", "U32"),
      valid: await file.tensor("valid", "U32"),
      test: await file.tensor("test", "U32"),
      counts: countsRecord.parse(JSON.parse(counts)),
    };
    return SPLITS.every((split) => fits(corpus, split)) ? corpus : undefined;
  } catch (error) {
    const unusable = error instanceof CheckpointError || error instanceof DataError ||
      error instanceof SyntaxError || error instanceof z.ZodError;
    if (unusable) return undefined;
    throw error;
  }
}

/** Whether every id has a symbol: the writer may have been another program. */
function fits({ vocabulary, counts, ...streams }: EncodedCorpus, split: Split): boolean {
  const ids = streams[split];
  const { size } = vocabulary;
  return ids.length === counts[split].tokens && ids.every((id) => id < size);
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
      values: corpus[split],
    })),
  ], { format: FORMAT, version: VERSION, key, counts: JSON.stringify(corpus.counts) });
}
