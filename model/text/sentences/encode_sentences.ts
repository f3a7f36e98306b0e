/**
 * A data set of sentences: the held-out splits in memory, and the sizes of the training files, which
 * are read when their turn comes.
 *
 * @module
 */
import type { EncodedCorpus, SplitCounts } from "../corpus/encoded_corpus.ts";
import type { Split } from "../files/split_names.ts";
import type { WordVocabulary } from "../vocabulary/word_vocabulary.ts";
import type { CountedFile } from "./files/counted_files.ts";
import { type ReadSentences, readSentences } from "./read_sentences.ts";
import type { SentenceList } from "./sentence_list.ts";

/** The sentences of a corpus. */
export interface SentenceSplits {
  /** Training files, in name order. */
  readonly train: readonly CountedFile[];
  /** Validation sentences. */
  readonly valid: SentenceList;
  /** Test sentences. */
  readonly test: SentenceList;
  /** The list of words that is not there, if they were counted in the training files instead. */
  readonly missingList?: string | undefined;
}

/** An encoded corpus whose training stream is empty: its training text is in files. */
export interface EncodedSentences extends EncodedCorpus {
  /** The sentences behind the streams. */
  readonly sentences: SentenceSplits;
}

/**
 * Encodes the other splits beside training files that were counted.
 *
 * @throws {DataError} if a file cannot be read or is not UTF-8
 */
export async function encodeSentences(
  train: readonly CountedFile[],
  paths: Readonly<Partial<Record<Split, readonly string[]>>>,
  vocabulary: WordVocabulary,
  chunkBytes: number,
): Promise<EncodedSentences> {
  const read = (split: Split) => readAll(paths[split] ?? [], vocabulary, chunkBytes);
  const valid = await read("valid");
  const test = paths.test?.[0] === paths.valid?.[0] ? valid : await read("test");
  return {
    vocabulary,
    train: new Uint32Array(0),
    valid: valid.ids,
    test: test.ids,
    counts: { train: trainCounts(train), valid: countsOf(valid), test: countsOf(test) },
    sentences: { train, valid, test },
  };
}

async function readAll(
  paths: readonly string[],
  vocabulary: WordVocabulary,
  chunkBytes: number,
): Promise<ReadSentences> {
  const [path] = paths;
  if (path !== undefined) return await readSentences(path, vocabulary, chunkBytes);
  return { ids: new Uint32Array(0), starts: new Uint32Array(1), unknown: 0 };
}

function countsOf({ ids, starts, unknown }: ReadSentences): SplitCounts {
  return { tokens: ids.length, lines: starts.length - 1, unknown };
}

/** Unknown words of the training files are not counted: that takes as long as encoding them. */
function trainCounts(files: readonly CountedFile[]): SplitCounts {
  return {
    tokens: files.reduce((sum, { tokens }) => sum + tokens, 0),
    lines: files.reduce((sum, { sentences }) => sum + sentences, 0),
    unknown: 0,
  };
}
