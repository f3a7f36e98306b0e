/**
 * Opening of a data set of sentences: vocabulary, identity of the files and sentences.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { type Split, SPLITS } from "../files/split_names.ts";
import { hashFile, type TextFile } from "../files/text_file.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { WordVocabulary } from "../vocabulary/word_vocabulary.ts";
import { type EncodedSentences, encodeSentences } from "./encode_sentences.ts";
import type { SplitPaths } from "./sentence_files.ts";
import { readVocabularyFile, VOCABULARY_FILE } from "./vocabulary_file.ts";

/** Options of opening. */
export interface OpenOptions {
  /** Name of the data set, for messages. */
  readonly dataset: string;
  /** Folder of the data set, which has the vocabulary. */
  readonly folder: string;
  /** Splits to open; the others are empty. */
  readonly splits: readonly Split[];
  /** Use this vocabulary, such as that of a checkpoint, instead of the folder's. */
  readonly vocabulary: Vocabulary | undefined;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
}

/** A data set of sentences. */
export interface OpenedSentences {
  /** Paths of the opened files. */
  readonly files: readonly string[];
  /** The opened files by split. */
  readonly identity: Readonly<Record<Split, readonly TextFile[]>> & { readonly split: "files" };
  /** SHA-256 of the files and the vocabulary. */
  readonly key: string;
  /** Vocabulary and sentences. */
  readonly encoded: EncodedSentences;
}

/**
 * Opens the splits.
 *
 * @throws {DataError} if a file or the vocabulary cannot be read, or the vocabulary is of another data
 * set
 */
export async function openSentences(
  paths: SplitPaths,
  { dataset, folder, splits, vocabulary: given, chunkBytes }: OpenOptions,
): Promise<OpenedSentences> {
  const vocabulary = given ?? await readVocabularyFile(`${folder}/${VOCABULARY_FILE}`);
  if (!(vocabulary instanceof WordVocabulary) || vocabulary.sentenceMark === undefined) {
    throw new DataError(
      `Cannot open data set "${dataset}" with these ${vocabulary.size} symbols: none of them marks ` +
        "the ends of a sentence, give a text of the kind that the vocabulary was counted in",
    );
  }
  const identity = { split: "files" as const, train: [], valid: [], test: [] } as
    & Record<Split, TextFile[]>
    & { readonly split: "files" };
  const opened: Partial<Record<Split, readonly string[]>> = {};
  for (const split of SPLITS.filter((split) => splits.includes(split))) {
    opened[split] = paths[split] ?? [];
    for (const path of opened[split]) identity[split].push(await hashFile(path, chunkBytes));
  }
  const hashes = SPLITS.map((split) => identity[split].map(({ sha256 }) => sha256));
  const key = createHash("sha256")
    .update(JSON.stringify([dataset, vocabulary.fingerprint, hashes]))
    .digest("hex");
  const encoded = await encodeSentences(opened, vocabulary, chunkBytes);
  return { files: SPLITS.flatMap((split) => opened[split] ?? []), identity, key, encoded };
}
