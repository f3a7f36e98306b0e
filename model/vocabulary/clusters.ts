/**
 * Clusters of the adaptive embedding and softmax: id ranges and widths.
 *
 * @module
 */
import type { ModelConfig } from "../config.ts";
import { blocksOf, type TokenSequence } from "../text/tokens/token_sequence.ts";

/** A range of the vocabulary with its own embedding width. Cluster 0 is the head. */
export interface Cluster {
  /** First id. */
  readonly from: number;
  /** One past the last id. */
  readonly to: number;
  /** Embedding width. */
  readonly width: number;
}

/** The clusters of a model; a single one without cut-offs. */
export function clustersOf(
  config: Pick<ModelConfig, "nToken" | "cutoffs" | "dEmbed" | "divVal">,
): Cluster[] {
  const bounds = [0, ...config.cutoffs, config.nToken];
  return bounds.slice(1).map((to, i) => ({
    from: bounds[i]!,
    to,
    width: Math.floor(config.dEmbed / config.divVal ** i),
  }));
}

/**
 * Shares of the tokens of a text that fall into each cluster.
 *
 * @example
 * ```ts
 * import { clusterShares } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const config = { nToken: 10, cutoffs: [2], dEmbed: 8, divVal: 1 };
 * assertEquals(clusterShares(config, new Uint32Array([0, 1, 1, 9])), [0.75, 0.25]);
 * ```
 */
export function clusterShares(
  config: Parameters<typeof clustersOf>[0],
  text: TokenSequence,
): number[] {
  const counts = new Float64Array(config.nToken);
  for (const block of blocksOf(text)) for (const id of block) counts[id]!++;
  return clustersOf(config).map(({ from, to }) =>
    counts.subarray(from, to).reduce((sum, count) => sum + count, 0) / text.length
  );
}
