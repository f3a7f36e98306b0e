/**
 * The data sets by name: where their text lies, what their symbols are, and which parts are counted.
 * Flags, opening and cut-offs read this table, so a new name that lacks an entry does not compile and
 * cannot be taken for another one.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime";
import type { VocabularyKind } from "./vocabulary/vocabulary.ts";

/** What is known of a data set. */
export interface DataSet {
  /**
   * `parts`: a folder with train, valid and test; `any`: such a folder, any other folder, or a file;
   * `listed`: files that the program lists.
   */
  readonly place: "parts" | "any" | "listed";
  /** Kind of symbols unless another is asked for. */
  readonly vocabulary: VocabularyKind;
  /** Whether words are counted in the training part alone or in all parts. */
  readonly countWordsIn: "train" | "all";
  /** Cut-offs of its full vocabulary; other vocabularies are cut in proportion. */
  readonly cutoffs?: readonly number[];
}

/** NVIDIA's cut-offs: with its three cluster columns the head has 20,000 columns. */
export const WIKITEXT_103_CUTOFFS: readonly number[] = [19997, 39997, 199997];

const TABLE = {
  self: { place: "listed", vocabulary: "char", countWordsIn: "all" },
  text: { place: "any", vocabulary: "word", countWordsIn: "all" },
  wt2: { place: "parts", vocabulary: "word", countWordsIn: "train" },
  wt103: {
    place: "parts",
    vocabulary: "word",
    countWordsIn: "train",
    cutoffs: WIKITEXT_103_CUTOFFS,
  },
} as const satisfies Readonly<Record<string, DataSet>>;

/** A data set by name. */
export type Dataset = keyof typeof TABLE;

/** The data sets a corpus can be opened from. */
export const DATASETS = Object.keys(TABLE) as [Dataset, ...Dataset[]];

/** What `--dataset` takes: a name, or `auto`, which depends on whether a text is given. */
export const DATASET_CHOICES: ["auto", ...Dataset[]] = ["auto", ...DATASETS];

/**
 * The entry of a data set.
 *
 * @throws {ConfigError} if there is none of that name
 */
export function dataSet(name: string): DataSet {
  if (Object.hasOwn(TABLE, name)) return TABLE[name as Dataset];
  throw new ConfigError(
    `Cannot open data set ${JSON.stringify(name)}: there is none of that name, ` +
      `use one of ${DATASETS.join(", ")}`,
  );
}
