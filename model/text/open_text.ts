/**
 * The text of a configuration.
 *
 * @module
 */
import { type Corpus, openCorpus } from "./corpus/corpus.ts";
import { type Dataset, dataSet, datasetOf } from "./data_sets.ts";
import type { Split } from "./files/split_names.ts";
import type { Vocabulary, VocabularyKind } from "./vocabulary/vocabulary.ts";
import { ConfigError, exitAtSignals } from "@transformer-xl/runtime";
import { selfFiles } from "./self_corpus.ts";

/** The symbol of unknown words where no other is chosen. */
export const UNKNOWN = "<unk>";

/** The settings that say which text. */
export interface TextSettings {
  /** Data set; `auto` depends on `data`. */
  readonly dataset: "auto" | Dataset;
  /** File or folder. */
  readonly data: string | null;
  /** Kind of vocabulary. */
  readonly vocab: "auto" | VocabularyKind;
  /** Leave words out that occur less often (default 0). */
  readonly minFreq?: number;
  /** Words to keep at most; null: all (default). */
  readonly maxVocab?: number | null;
  /** Lower-case the text (default false). */
  readonly lowerCase?: boolean;
  /** Symbol of words that are left out; null: `<unk>` where any may be (default). */
  readonly unknown?: string | null;
}

/** What of the text to open. */
export interface TextSelection {
  /** Parts, if the text has parts (default: all). */
  readonly parts?: readonly Split[] | undefined;
  /** Parts that have to be there, if the text has parts (default: those to open). */
  readonly required?: readonly Split[] | undefined;
  /** Take the whole text as this part. */
  readonly wholeAs?: Split | undefined;
}

/**
 * The data set of the settings and where it lies.
 *
 * @throws {ConfigError} when a data set needs a folder and none is given, or has one and takes none
 */
export async function textPlace(
  settings: TextSettings,
): Promise<{ readonly dataset: Dataset; readonly path?: string; readonly files?: string[] }> {
  const { data } = settings;
  const name = datasetOf(settings);
  if (dataSet(name).files === "listed") {
    if (data === null) return { dataset: name, files: await selfFiles() };
    throw new ConfigError(
      `Cannot open --data "${data}" as data set "${name}", which is the program's own text; use --dataset text`,
    );
  }
  if (data !== null) return { dataset: name, path: data };
  throw new ConfigError(`Cannot open data set "${name}": it needs a folder; give --data PATH`);
}

/**
 * Opens the text, with the vocabulary of a checkpoint if one is given. Its words for unknown ones are
 * used where it has any. A signal that ends the program meanwhile leaves no half file in the cache.
 *
 * @param cacheDir where encoded text is kept; nowhere if undefined
 * @throws {ConfigError} when a data set needs a folder and none is given, or settings of words are
 * given for characters
 * @throws {DataError} when the text is missing, empty or not UTF-8
 */
export async function openText(
  settings: TextSettings,
  cacheDir: string | undefined,
  vocabulary?: Vocabulary,
  selection: TextSelection = {},
): Promise<Corpus> {
  const { vocab } = settings;
  const corpus = await openCorpus({
    ...await textPlace(settings),
    ...(vocab !== "auto" && { vocab }),
    ...selection,
    cacheDir,
    guardCache: exitAtSignals,
    ...(vocabulary === undefined
      ? countSettings(settings)
      : { vocabulary, unknown: vocabulary.has(UNKNOWN) ? UNKNOWN : undefined }),
  });
  if (vocabulary === undefined && corpus.vocabulary.kind === "char") refuseWordSettings(settings);
  return corpus;
}

function countSettings(
  { minFreq = 0, maxVocab = null, lowerCase = false, unknown = null }: TextSettings,
) {
  const leavesOut = minFreq > 1 || maxVocab !== null;
  return {
    minFreq: minFreq === 0 ? undefined : minFreq,
    maxSize: maxVocab ?? undefined,
    lowerCase: lowerCase || undefined,
    unknown: unknown ?? (leavesOut ? UNKNOWN : undefined),
  };
}

/** Characters are neither rare nor unknown: all of them are counted. */
function refuseWordSettings({ minFreq = 0, maxVocab, lowerCase, unknown }: TextSettings): void {
  const given = [
    minFreq > 0 ? `--min_freq ${minFreq}` : "",
    maxVocab ? `--max_vocab ${maxVocab}` : "",
    lowerCase ? "--lower_case" : "",
    unknown ? `--unknown ${unknown}` : "",
  ].filter((flag) => flag !== "");
  if (given.length === 0) return;
  throw new ConfigError(
    `Cannot use ${given.join(", ")} with a vocabulary of characters: it is about words; ` +
      "leave it out or use --vocab word",
  );
}
