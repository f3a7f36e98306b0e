/**
 * Opening of the text of a configuration.
 *
 * @module
 */
import { type Corpus, openCorpus } from "./corpus/corpus.ts";
import { type Dataset, dataSet, datasetOf } from "./data_sets.ts";
import { readTokenizer } from "./files/read_tokenizer.ts";
import { showReading } from "./files/reading_progress.ts";
import type { Split } from "./files/split_names.ts";
import type { Vocabulary, VocabularyKind } from "./vocabulary/vocabulary.ts";
import { ConfigError, exitAtSignals, type Need, type ProgressLine } from "@transformer-xl/runtime";
import type { Compat } from "../settings/compat.ts";
import {
  refuseVocabularySettings,
  refuseWordSettings,
  type WordSettings,
} from "../settings/word_settings.ts";
import { selfFiles } from "./self_corpus.ts";

/** Default symbol of unknown words. */
export const UNKNOWN = "<unk>";

/** Settings of the text. */
export interface TextSettings extends WordSettings {
  /** Data set; `auto` depends on `data`. */
  readonly dataset: "auto" | Dataset;
  /** File or folder. */
  readonly data: string | null;
  /** Kind of vocabulary. */
  readonly vocab: "auto" | VocabularyKind;
  /** A `tokenizer.json` file, in place of `vocab`. */
  readonly tokenizer?: string | null;
  /** What the rules of byte pairs follow (default `none`). */
  readonly compat?: Compat;
}

/** Options of opening a text. */
export interface TextSelection {
  /** Splits, if the text has splits (default: all). */
  readonly splits?: readonly Split[] | undefined;
  /** Required splits, if the text has splits (default: those to open). */
  readonly required?: readonly Split[] | undefined;
  /** Use the whole text as this split. */
  readonly wholeAs?: Split | undefined;
  /** Append the counted symbols that a given vocabulary lacks to it. */
  readonly extend?: boolean | undefined;
  /** Shows how far the reading of a file is. */
  readonly progress?: ProgressLine | undefined;
  /** Need of a user whose text has symbols without an id. */
  readonly whenMissing?: Need | undefined;
}

/**
 * The data set of the settings and its location.
 *
 * @throws {ConfigError} when a data set requires a folder and none is given, or does not accept one
 */
export async function textPlace(
  settings: TextSettings,
): Promise<{ readonly dataset: Dataset; readonly path?: string; readonly files?: string[] }> {
  const { data } = settings;
  const name = datasetOf(settings);
  if (dataSet(name).files === "listed") {
    if (data === null) return { dataset: name, files: await selfFiles() };
    throw new ConfigError(
      `Cannot open "${data}" as data set "${name}", which is the program's own text`,
      { need: "the data set of any text" },
    );
  }
  if (data !== null) return { dataset: name, path: data };
  throw new ConfigError(`Cannot open data set "${name}": it needs a folder`, { need: "a text" });
}

/**
 * Opens the text, with the vocabulary of a checkpoint if one is given. Its unknown symbol is used
 * if it has one. A signal during this call leaves no incomplete cache file.
 *
 * @param cacheDir folder of the cache; none if undefined
 * @throws {ConfigError} when a data set requires a folder and none is given, or settings of words
 * are given for other symbols
 * @throws {DataError} when the text is missing, empty or not UTF-8
 */
export async function openText(
  settings: TextSettings,
  cacheDir: string | undefined,
  vocabulary?: Vocabulary,
  { progress, ...selection }: TextSelection = {},
): Promise<Corpus> {
  using _shown = progress && showReading(progress);
  const { vocab, compat, tokenizer } = settings;
  // A checkpoint has the tokenizer in itself.
  const own = vocabulary === undefined && tokenizer ? await readTokenizer(tokenizer) : undefined;
  if (vocabulary === undefined && dataSet(datasetOf(settings)).files === "sentences") {
    refuseVocabularySettings(settings);
  }
  const corpus = await openCorpus({
    ...await textPlace(settings),
    ...(vocab !== "auto" && { vocab }),
    compat,
    ...selection,
    cacheDir,
    guardCache: exitAtSignals,
    ...(own !== undefined
      ? { vocabulary: own }
      : vocabulary === undefined
      ? countSettings(settings)
      : { vocabulary, ...givenSettings(vocabulary, settings, selection) }),
  });
  if (vocabulary === undefined && corpus.vocabulary.kind !== "word") {
    refuseWordSettings(settings, corpus.vocabulary.kind);
  }
  return corpus;
}

/** Counting for a given vocabulary: its treatment of case and of unknown words. */
function givenSettings(
  vocabulary: Vocabulary,
  settings: TextSettings,
  { extend = false }: TextSelection,
) {
  const unknown = vocabulary.has(UNKNOWN) ? UNKNOWN : undefined;
  if (!extend) return { unknown };
  const { lowerCase, unknown: own = unknown } = vocabulary.toJSON();
  const counting = countSettings(settings);
  return { ...counting, lowerCase, unknown: own ?? counting.unknown };
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
