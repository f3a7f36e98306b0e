/**
 * Opening of a data set of sentences: vocabulary, identity of the files and sentences.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { type Split, SPLITS } from "../files/split_names.ts";
import { hashFile, shown, type TextFile } from "../files/text_file.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";
import { WordVocabulary } from "../vocabulary/word_vocabulary.ts";
import type { CorpusFiles } from "../corpus/corpus_files.ts";
import { type EncodedSentences, encodeSentences } from "./encode_sentences.ts";
import { type CountOptions, countTraining } from "./files/counted_files.ts";
import type { SplitPaths } from "./files/sentence_files.ts";
import { readVocabularyFile, VOCABULARY_FILE, vocabularyOfWords } from "./files/vocabulary_file.ts";

/** Options of opening. */
export interface OpenOptions extends Omit<CountOptions, "countsWords"> {
  /** Name of the data set, for messages. */
  readonly dataset: string;
  /** Folder of the data set, or the file. */
  readonly path: string;
  /** Splits to open; the others are empty. */
  readonly splits: readonly Split[];
  /** Use a file as this split. */
  readonly wholeAs?: Split | undefined;
  /** Use this vocabulary, such as that of a checkpoint, instead of the folder's. */
  readonly vocabulary?: Vocabulary | undefined;
}

/** A data set of sentences. */
export interface OpenedSentences {
  /** Paths of the opened files. */
  readonly files: readonly string[];
  /** The opened files by split. */
  readonly identity: Readonly<Record<Split, readonly TextFile[]>> & { readonly split: "files" };
  /** SHA-256 of the files and the vocabulary. */
  readonly key: string;
  /** Whether the training files were counted at an earlier time. */
  readonly cached: boolean;
  /** Reason why their counts could not be kept. */
  readonly notKept: string | undefined;
  /** Vocabulary and sentences. */
  readonly encoded: EncodedSentences;
}

/**
 * Opens the splits. The words are those of a list in the folder, or else those of the training files
 * that occur often enough.
 *
 * @throws {DataError} if a file or the vocabulary cannot be read, the vocabulary is of another data
 * set, or a folder of splits is wanted as one
 */
export async function openSentences(located: CorpusFiles, {
  dataset,
  path,
  splits,
  wholeAs,
  vocabulary: given,
  ...counting
}: OpenOptions): Promise<OpenedSentences> {
  const paths = pathsOf(located, path, wholeAs);
  const list = `${located.split === "lines" ? dirname(path) : path}/${VOCABULARY_FILE}`;
  const listed = given ?? await readVocabularyFile(list);
  const opens = (split: Split) => located.split === "lines" || splits.includes(split);
  if (listed === undefined && paths.train === undefined) {
    throw new DataError(
      `Cannot open data set "${dataset}": there is neither ${shown(list)} nor a training file to ` +
        "count words in, put the word list there, one word per line",
    );
  }
  const countsWords = listed === undefined;
  const training = opens("train") || countsWords ? paths.train ?? [] : [];
  const counted = await countTraining(training, { ...counting, countsWords });
  const vocabulary = listed ?? vocabularyOfWords(counted.words!);
  if (!(vocabulary instanceof WordVocabulary) || vocabulary.sentenceMark === undefined) {
    throw new DataError(
      `Cannot open data set "${dataset}" with these ${vocabulary.size} symbols: none of them marks ` +
        "the ends of a sentence, give a text of the kind that the vocabulary was counted in",
    );
  }
  const { chunkBytes } = counting;
  const train = opens("train") ? counted.files : [];
  const heldOut: Partial<Record<Split, readonly string[]>> = {};
  const files = { valid: [] as TextFile[], test: [] as TextFile[] };
  for (const split of ["valid", "test"] as const) {
    heldOut[split] = opens(split) ? paths[split] ?? [] : [];
    for (const file of heldOut[split]) files[split].push(await hashFile(file, chunkBytes));
  }
  const identity = {
    split: "files" as const,
    train: train.map(({ path, bytes, sha256 }): TextFile => ({ path, bytes, sha256 })),
    ...files,
  };
  const hashes = SPLITS.map((split) => identity[split].map(({ sha256 }) => sha256));
  const key = createHash("sha256")
    .update(JSON.stringify([dataset, vocabulary.fingerprint, hashes]))
    .digest("hex");
  const encoded = await encodeSentences(train, heldOut, vocabulary, chunkBytes);
  const { cached, notKept } = counted;
  return {
    files: SPLITS.flatMap((split) => identity[split].map(({ path }) => path)),
    ...{ identity, key, cached: training.length > 0 && cached, notKept },
    encoded: countsWords
      ? { ...encoded, sentences: { ...encoded.sentences, missingList: list } }
      : encoded,
  };
}

/** The files by split: one file is the split that it is wanted as. */
function pathsOf(located: CorpusFiles, path: string, wholeAs: Split | undefined): SplitPaths {
  if (located.split === "lines") return { [wholeAs ?? "train"]: located.whole };
  if (wholeAs === undefined) return located.splits;
  throw new DataError(
    `Cannot use ${shown(path)} as one text: it has the splits of a data set of sentences, ` +
      "choose one of them or give one file",
  );
}
