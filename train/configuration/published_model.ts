/**
 * The model of a configuration whose text is not there, for plans: the vocabulary has the published
 * size of its data set.
 *
 * @module
 */
import {
  assertCutoffs,
  BYTE_PAIRS,
  BYTES,
  cutoffsFor,
  dataSet,
  datasetOf,
  type ModelConfig,
} from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";
import { modelOf } from "../run_plan.ts";

/** Symbols of the full vocabulary of a configuration; undefined where only the text tells. */
export function publishedSize(
  { dataset, data, vocab, tokenizer, minFreq, maxVocab }: Pick<
    TrainConfig,
    "dataset" | "data" | "vocab" | "tokenizer" | "minFreq" | "maxVocab"
  >,
): number | undefined {
  if (tokenizer !== null) return undefined;
  if (vocab === "bpe") return BYTE_PAIRS;
  if (vocab === "byte") return BYTES;
  const { vocabulary, vocabularySize } = dataSet(datasetOf({ dataset, data }));
  const isDefault = vocab === "auto" || vocab === vocabulary;
  if (!isDefault || vocabularySize === undefined || minFreq > 1) return undefined;
  return Math.min(vocabularySize, maxVocab ?? Infinity);
}

/**
 * Whether a dry run has no text to read and the number of its symbols is known.
 *
 * @param base the model whose weights the run starts from
 */
export function isPlannedWithoutText(config: TrainConfig, base?: ModelConfig): boolean {
  const { files } = dataSet(datasetOf(config));
  const isMissing = files !== "listed" && config.data === null;
  return config.dryRun && isMissing && knownSize(config, base) !== undefined;
}

/** Symbols of a model without its text: those of `base`, unless the text adds others. */
function knownSize(config: TrainConfig, base: ModelConfig | undefined): number | undefined {
  if (base === undefined) return publishedSize(config);
  return config.extendVocab ? undefined : base.nToken;
}

/**
 * Cutoffs of a configuration for a vocabulary: given ones, else those of the data set.
 *
 * @param base the model whose weights the run started from; its last cluster may be empty
 * @throws {ConfigError} when the cutoffs are wrong, or a cluster without symbols is divided
 */
export function cutoffsOf(
  { adaptive, cutoffs, vocab, compat, divVal }: Pick<
    TrainConfig,
    "adaptive" | "cutoffs" | "vocab" | "compat" | "divVal"
  >,
  dataset: string,
  size: number,
  base?: ModelConfig,
): readonly number[] {
  if (!adaptive) return [];
  if (cutoffs.length === 0) {
    const found = cutoffsFor(
      dataset,
      size,
      vocab === "auto" ? { compat } : { kind: vocab, compat },
    );
    if (divVal === 1 || found.at(-1)! < size) return found;
    throw new ConfigError(
      `Cannot divide the width of a cluster without symbols by ${divVal}: the reference's cut-offs ` +
        `for byte pairs end behind the ${size} symbols`,
      { need: "given cut-offs, or those of byte pairs" },
    );
  }
  const emptyLast = base !== undefined && base.cutoffs.at(-1) === base.nToken;
  assertCutoffs(cutoffs, size, { emptyLast });
  return cutoffs;
}

/**
 * The model for the published size of the vocabulary, or for that of `base`.
 *
 * @param base the model whose weights the run starts from
 * @returns undefined where only the text tells the size
 * @throws {ConfigError} when settings contradict each other
 */
export function publishedModel(config: TrainConfig, base?: ModelConfig): ModelConfig | undefined {
  const size = knownSize(config, base);
  return size === undefined
    ? undefined
    : modelOf(config, size, cutoffsOf(config, datasetOf(config), size, base), base);
}
