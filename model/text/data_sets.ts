/**
 * Table of data sets: files, symbols, cut-offs, tied projections and how typed text is prepared.
 * Flags, opening, the model's defaults, the doctor and the benchmarks read it, so a new data set is
 * one entry.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime/core";
import type { TextForm } from "./files/prepared_text.ts";
import type { VocabularyKind } from "./vocabulary/vocabulary.ts";

/** Properties of a data set. */
export interface DataSet {
  /**
   * `splits`: a folder with train, valid and test; `any`: such a folder, any other folder, or a file;
   * `raw`: such a folder, a file, or a folder with a file of the data set's name; `listed`: files that
   * the program lists; `sentences`: a folder with the files of a benchmark of sentences and its
   * vocabulary.
   */
  readonly files: "splits" | "any" | "raw" | "listed" | "sentences";
  /** Form of its files. */
  readonly form: TextForm;
  /** Default kind of symbols. */
  readonly vocabulary: VocabularyKind;
  /**
   * Symbols of its full vocabulary, about as many where the text changes; undefined where every text
   * has its own. Plans without a text use it.
   */
  readonly vocabularySize: number | undefined;
  /** Whether words are counted in the training split or in all splits. */
  readonly countFrom: "train" | "all";
  /** Cutoffs of its full vocabulary; undefined to scale those of WikiText-103. */
  readonly cutoffs: readonly number[] | undefined;
  /** Whether the tails of the adaptive softmax share the projections of the embedding. */
  readonly tieProjections: boolean;
  /** Preparation of typed text: Moses tokens with WikiText's marks, the letters of text8, or none. */
  readonly prepare: "wikitext" | "letters" | "none";
}

const TABLE = {
  self: {
    files: "listed",
    form: "text",
    vocabulary: "char",
    vocabularySize: 192,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "none",
  },
  text: {
    files: "any",
    form: "text",
    vocabulary: "word",
    vocabularySize: undefined,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "none",
  },
  wt2: {
    files: "splits",
    form: "text",
    vocabulary: "word",
    vocabularySize: 33_278,
    countFrom: "train",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "wikitext",
  },
  wt103: {
    files: "splits",
    form: "text",
    vocabulary: "word",
    vocabularySize: 267_735,
    countFrom: "train",
    cutoffs: [19_997, 39_997, 199_997], // with its three cluster columns the head has 20,000 columns
    tieProjections: true,
    prepare: "wikitext",
  },
  ptb: {
    files: "splits",
    form: "text",
    vocabulary: "word",
    vocabularySize: 10_000,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "none",
  },
  shakespeare: {
    files: "any",
    form: "text",
    vocabulary: "char",
    vocabularySize: 65,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "none",
  },
  enwik8: {
    files: "raw",
    form: "numbers",
    vocabulary: "byte",
    vocabularySize: 204,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "none",
  },
  text8: {
    files: "raw",
    form: "letters",
    vocabulary: "char",
    vocabularySize: 27,
    countFrom: "all",
    cutoffs: undefined,
    tieProjections: true,
    prepare: "letters",
  },
  lm1b: {
    files: "sentences",
    form: "text",
    vocabulary: "word",
    vocabularySize: 793_470,
    countFrom: "all",
    cutoffs: [59_997, 99_997, 639_997],
    tieProjections: false,
    prepare: "none",
  },
} as const satisfies Readonly<Record<string, DataSet>>;

/** Symbols of a vocabulary of byte pairs, of any text: 50,257, rounded up to a multiple of 8. */
export const BYTE_PAIRS = 50_264;

/** Symbols of a vocabulary of all bytes. */
export const BYTES = 256;

/** A data set by name. */
export type Dataset = keyof typeof TABLE;

/** Names of the data sets. */
export const DATASETS = Object.keys(TABLE) as [Dataset, ...Dataset[]];

/** Values of `--dataset`: a name, or `auto`, which depends on whether a text is given. */
export const DATASET_CHOICES: ["auto", ...Dataset[]] = ["auto", ...DATASETS];

/**
 * The entry of a data set.
 *
 * @throws {ConfigError} if there is none of that name
 */
export function dataSet<Name extends Dataset>(name: Name): (typeof TABLE)[Name];
/** As above, for an unchecked name. */
export function dataSet(name: string): DataSet;
export function dataSet(name: string): DataSet {
  if (Object.hasOwn(TABLE, name)) return TABLE[name as Dataset];
  throw new ConfigError(
    `Cannot open data set ${JSON.stringify(name)}: there is none of that name, ` +
      `use one of ${DATASETS.join(", ")}`,
  );
}

/** The data set of settings: `auto` is `text` if a text is given, else `self`. */
export function datasetOf(
  { dataset, data }: { readonly dataset: "auto" | Dataset; readonly data: string | null },
): Dataset {
  if (dataset !== "auto") return dataset;
  return data === null ? "self" : "text";
}
