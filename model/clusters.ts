/**
 * Clusters of the adaptive embedding and softmax: which ids, and how wide.
 *
 * @module
 */
import type { ModelShape } from "./config.ts";

/** A range of the vocabulary with an embedding width of its own. Cluster 0 is the head. */
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
  shape: Pick<ModelShape, "nToken" | "cutoffs" | "dEmbed" | "divVal">,
): Cluster[] {
  const bounds = [0, ...shape.cutoffs, shape.nToken];
  return bounds.slice(1).map((to, i) => ({
    from: bounds[i]!,
    to,
    width: Math.floor(shape.dEmbed / shape.divVal ** i),
  }));
}
