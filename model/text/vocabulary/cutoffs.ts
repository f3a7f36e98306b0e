/**
 * Cutoffs of the adaptive softmax and embedding. A cutoff is the first id of the next cluster; the
 * clusters of [c0, c1, c2] are [0, c0), [c0, c1), [c1, c2), [c2, V).
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime/core";
import { type Compat, COMPAT_RULES } from "../../settings/compat.ts";
import { dataSet } from "../data_sets.ts";
import type { VocabularyKind } from "./vocabulary.ts";

/** WikiText-103, whose proportions apply to other vocabularies. */
const WIKITEXT_103 = dataSet("wt103");

/** Minimum vocabulary size for which three tails save work. */
const SMALLEST_ADAPTIVE = 1000;

/** Multiple of widths, for the tiles of matrix products. */
const ROUNDING = 8;

/**
 * Ids of byte pairs are in the order of their merges, not of frequency. In English text, 80 % of the
 * tokens lie in the head of 5,000 columns and 92 and 97 % below the other cutoffs, so that a token
 * takes about 8,000 columns of 50,264.
 */
const BYTE_PAIR_CUTOFFS = [4997, 14_997, 29_997] as const;

/** Options of {@link cutoffsFor}. */
export interface CutoffOptions {
  /** Kind of the symbols (default: counted ones). */
  readonly kind?: VocabularyKind;
  /** What byte pairs follow (default `none`). */
  readonly compat?: Compat;
}

/**
 * Cutoffs of the reference for byte pairs: those of words. The last lies behind all ids, so its
 * cluster has a column in the head, and no symbols.
 */
function wordCutoffs(vocabSize: number): number[] {
  return WIKITEXT_103.cutoffs.map((cutoff) => Math.min(cutoff, vocabSize));
}

/**
 * The cut-offs for a data set and a vocabulary of `vocabSize` symbols. WikiText-103 with its full
 * vocabulary has NVIDIA's. Any other vocabulary is cut in the same proportions (7.5 %, 15 % and 75 % of
 * the ids), rounded so that the head, with its three cluster columns, is a multiple of 8 wide.
 *
 * @example
 * ```ts
 * import { cutoffsFor } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cutoffsFor("wt103", 267735), [19997, 39997, 199997]);
 * assertEquals(cutoffsFor("wt2", 33278), [2485, 4965, 24853]);
 * ```
 *
 * @throws {ConfigError} if the vocabulary is too small to be cut, or there is no such data set.
 */
export function cutoffsFor(
  dataset: string,
  vocabSize: number,
  { kind, compat = "none" }: CutoffOptions = {},
): number[] {
  if (kind === "bpe") {
    const { cutsBytePairsAsWords } = COMPAT_RULES[compat];
    return cutsBytePairsAsWords ? wordCutoffs(vocabSize) : [...BYTE_PAIR_CUTOFFS];
  }
  const { cutoffs } = dataSet(dataset);
  if (cutoffs !== undefined && vocabSize > cutoffs.at(-1)!) return [...cutoffs];
  if (vocabSize < SMALLEST_ADAPTIVE) {
    throw new ConfigError(
      `Cannot choose cut-offs for ${vocabSize} symbols: at least ${SMALLEST_ADAPTIVE} are needed`,
      { need: "no clusters, or given ones" },
    );
  }
  const clusters = WIKITEXT_103.cutoffs.length;
  return WIKITEXT_103.cutoffs.map((cutoff) => {
    const share = (cutoff + clusters) / WIKITEXT_103.vocabularySize * vocabSize;
    return Math.round(share / ROUNDING) * ROUNDING - clusters;
  });
}

/**
 * Checks cutoffs.
 *
 * @param options.emptyLast whether the last may be `vocabSize`: a cluster of no symbol, as the
 * reference has it for byte pairs
 * @throws {ConfigError} unless they are whole numbers that increase and lie between 0 and `vocabSize`.
 */
export function assertCutoffs(
  cutoffs: readonly number[],
  vocabSize: number,
  { emptyLast = false }: { readonly emptyLast?: boolean } = {},
): void {
  let previous = 0;
  for (const [i, cutoff] of cutoffs.entries()) {
    const mayBeEmpty = emptyLast && i > 0 && i === cutoffs.length - 1;
    const last = mayBeEmpty ? vocabSize : vocabSize - 1;
    if (!Number.isInteger(cutoff) || cutoff <= previous || cutoff > last) {
      throw new ConfigError(
        `Cannot cut ${vocabSize} symbols at [${cutoffs.join(", ")}]: ${cutoff} is not a whole ` +
          `number between ${previous} and ${vocabSize}`,
        { need: "increasing cut-offs" },
      );
    }
    previous = cutoff;
  }
}
