/**
 * Cutoffs of the adaptive softmax and embedding. A cutoff is the first id of the next cluster; the
 * clusters of [c0, c1, c2] are [0, c0), [c0, c1), [c1, c2), [c2, V).
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime/core";
import { dataSet } from "../data_sets.ts";

/** WikiText-103, whose proportions apply to other vocabularies. */
const WIKITEXT_103 = dataSet("wt103");

/** Minimum vocabulary size for which three tails save work. */
const SMALLEST_ADAPTIVE = 1000;

/** Multiple of widths, for the tiles of matrix products. */
const ROUNDING = 8;

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
export function cutoffsFor(dataset: string, vocabSize: number): number[] {
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
 * Checks given cutoffs.
 *
 * @throws {ConfigError} unless they are whole numbers that increase and lie between 0 and `vocabSize`.
 */
export function assertCutoffs(cutoffs: readonly number[], vocabSize: number): void {
  let previous = 0;
  for (const cutoff of cutoffs) {
    if (!Number.isInteger(cutoff) || cutoff <= previous || cutoff >= vocabSize) {
      throw new ConfigError(
        `Cannot cut ${vocabSize} symbols at [${cutoffs.join(", ")}]: ${cutoff} is not a whole ` +
          `number between ${previous} and ${vocabSize}`,
        { need: "increasing cut-offs" },
      );
    }
    previous = cutoff;
  }
}
