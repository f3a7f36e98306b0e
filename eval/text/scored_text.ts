/**
 * The text of an evaluation: a sentence, the requested splits of a text, or a whole file. It comes
 * from the flags, or else from the location that the checkpoint stores.
 *
 * @module
 */
import {
  corpusLines,
  dataSet,
  datasetOf,
  locateCorpus,
  type ModelCheckpoint,
  openText,
  type SentenceList,
  type Split,
  splitLines,
  textPlace,
  type TextSettings,
  type TokenSequence,
  type Vocabulary,
} from "@transformer-xl/model";
import { DataError, ProgressLine } from "@transformer-xl/runtime";
import { type EvalConfig, givesText, isTyped } from "../config.ts";
import { GIVEN_TEXT, READS_INPUT, typedName } from "../settings/flag_words.ts";
import { manualText, typedIds } from "./manual.ts";
import { type RawSize, sizeOfSplit } from "./raw_size.ts";
import { trainedTextOf } from "./trained_text.ts";
import { typedText } from "./typed_text.ts";

/** A token stream to score. */
export interface ScoredText {
  /** Name in results: a split, `file` if requested, or `test` for a whole text. */
  readonly name: string;
  /** Its tokens. */
  readonly ids: TokenSequence;
  /** True for a text that was given whole: it may be shorter than the memory. */
  readonly whole: boolean;
  /** Size of the raw text; undefined where it is not known. */
  readonly raw?: RawSize | undefined;
  /** Its sentences; undefined for a text in order. */
  readonly sentences?: SentenceList | undefined;
}

/** A text with its symbols. */
export interface ScoredTexts {
  /** Token streams. */
  readonly texts: readonly ScoredText[];
  /** Lines about the text. */
  readonly lines: readonly string[];
  /** Symbols of the ids. */
  readonly symbols: Pick<Vocabulary, "size" | "fingerprint">;
  /** The vocabulary; undefined where ids have no symbols. */
  readonly vocabulary: Vocabulary | undefined;
}

/**
 * Opens the text to score with the symbols of a checkpoint.
 *
 * @param cacheDir folder of the cache; none if undefined
 * @param announce called with the location of the text before it is opened
 * @throws {ConfigError} when a data set needs a folder and none is given
 * @throws {DataError} when the text is missing, lacks a split, or has a symbol without an id
 * @throws {CheckpointError} when the checkpoint's record of its text is invalid
 */
export async function scoredTexts(
  config: EvalConfig,
  checkpoint: Pick<ModelCheckpoint, "path" | "vocabulary" | "trained">,
  cacheDir: string | undefined,
  announce: (line: string) => void,
): Promise<ScoredTexts> {
  const { vocabulary } = checkpoint;
  const trained = trainedTextOf(checkpoint) ?? { dataset: "auto" as const, data: null };
  if (isTyped(config)) {
    const text = await typedText(config, () => {
      if (Deno.stdin.isTerminal()) announce(READS_INPUT);
    });
    const dataset = checkpoint.trained === null ? undefined : trained.dataset;
    return typedTexts(config, text, vocabulary, dataset);
  }
  const isGiven = givesText(config);
  const settings: TextSettings = isGiven
    ? { dataset: config.dataset, data: config.data, vocab: vocabulary.kind }
    : { ...trained, vocab: vocabulary.kind };
  if (settings.data !== null) {
    const origin = isGiven ? GIVEN_TEXT : `from the checkpoint ${JSON.stringify(checkpoint.path)}`;
    announce(`text of evaluation : ${JSON.stringify(settings.data)} (${origin})`);
  }
  return await openSplits(config, settings, cacheDir, vocabulary);
}

/** A typed text whole, or its lines. */
function typedTexts(
  config: EvalConfig,
  text: string,
  vocabulary: Vocabulary,
  dataset: string | undefined,
): ScoredTexts {
  const name = typedName(config);
  const symbols = { symbols: vocabulary, vocabulary };
  if (!config.lines) {
    const { ids, unknown, raw } = manualText([text], vocabulary, dataset, name);
    return {
      texts: [{ name: config.split, ids, whole: false, raw }],
      lines: [`text : ${name}, ${ids.length} tokens, ${unknown} unknown words`],
      ...symbols,
    };
  }
  const lines = splitLines(text).map((line) => typedIds([line], vocabulary, dataset));
  if (!lines.some(({ ids }) => ids.length >= 2)) {
    throw new DataError(
      `Cannot score the lines of ${name}: none has two tokens, and the first is never predicted; ` +
        "give more text",
    );
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const tokens = sum(lines.map(({ ids }) => ids.length));
  const unknown = sum(lines.map((line) => line.unknown));
  return {
    texts: lines.map(({ ids, raw }, i) => ({ name: `line ${i + 1}`, ids, whole: false, raw })),
    lines: [`text : ${name}, ${lines.length} lines, ${tokens} tokens, ${unknown} unknown words`],
    ...symbols,
  };
}

/**
 * Opens the splits of a text that the flags request.
 *
 * @param vocabulary its symbols; counted in the text if undefined
 * @throws {ConfigError} when a data set needs a folder and none is given
 * @throws {DataError} when the text is missing, lacks a split, or has a symbol without an id
 */
export async function openSplits(
  config: EvalConfig,
  settings: TextSettings,
  cacheDir: string | undefined,
  vocabulary?: Vocabulary,
): Promise<ScoredTexts> {
  const splits = await splitsToScore(config, settings);
  const dataset = datasetOf(settings);
  if (splits.includes("train") && dataSet(dataset).files === "sentences") {
    throw new DataError(
      `Cannot score split "train" of data set "${dataset}": its files are read in random order for ` +
        'training; score "valid" or "test", or one of the files whole',
    );
  }
  // Symbols are counted in the training split.
  const opened = vocabulary === undefined && splits !== "whole"
    ? [...new Set<Split>(["train", ...splits])]
    : splits;
  const progress = config.quiet ? undefined : new ProgressLine();
  const corpus = await openText(
    settings,
    cacheDir,
    vocabulary,
    { ...opened === "whole" ? { wholeAs: "test" } : { splits: opened }, progress },
  );
  const name = (split: Split) => splits === "whole" ? "whole text" : split;
  const texts: ScoredText[] = [];
  for (const split of splits === "whole" ? ["test"] as const : splits) {
    const whole = splits === "whole";
    const shown = whole && config.split === "file" ? "file" : split;
    texts.push({
      ...{ name: shown, ids: corpus[split], whole },
      raw: await sizeOfSplit(corpus, split),
      sentences: corpus.sentences?.[split as "valid" | "test"], // see above
    });
  }
  return {
    texts,
    lines: corpusLines(corpus, name),
    symbols: corpus.vocabulary,
    vocabulary: corpus.vocabulary,
  };
}

/**
 * The splits that the flags request; a given file has none and is scored whole, unless it is the raw
 * file of a data set with published splits.
 */
async function splitsToScore(
  { split, data }: EvalConfig,
  settings: TextSettings,
): Promise<readonly Split[] | "whole"> {
  if (split === "file") return "whole";
  if (split !== "all") return [split];
  const { dataset, path, files } = await textPlace(settings);
  const located = await locateCorpus(dataset, path, files, []);
  if (located.split === "lines") {
    const isCut = data === null || dataSet(dataset).files === "raw";
    return isCut ? ["valid", "test"] : "whole";
  }
  const present = (["valid", "test"] as const).filter((split) =>
    located.splits[split] !== undefined
  );
  return present.length > 0 ? present : ["valid", "test"]; // which reports the missing one
}
