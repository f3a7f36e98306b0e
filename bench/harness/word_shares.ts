/**
 * Share of each cluster of a vocabulary in text with the word frequencies of a language.
 *
 * @module
 */
import { clustersOf, type ModelConfig } from "@transformer-xl/model";

/**
 * Shares of tokens whose frequency is proportional to 1 / (rank + 1), by cluster.
 *
 * @example
 * ```ts
 * import { wordShares } from "@transformer-xl/bench";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const config = { nToken: 99, cutoffs: [9], dEmbed: 8, divVal: 1 };
 * assertAlmostEquals(wordShares(config)[0]!, 0.5, 1e-12);
 * ```
 */
export function wordShares(
  config: Pick<ModelConfig, "nToken" | "cutoffs" | "dEmbed" | "divVal">,
): number[] {
  return clustersOf(config).map(({ from, to }) =>
    Math.log((to + 1) / (from + 1)) / Math.log(config.nToken + 1)
  );
}
