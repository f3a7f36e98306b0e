/**
 * Grouping of batch positions by cluster of the vocabulary, on the host, so that only the rows of a
 * cluster are computed.
 *
 * @module
 */
import { IGNORED } from "../shared/ignored.ts";

/** Positions grouped by cluster, from {@link splitByCluster}. */
export interface ClusterSplit {
  /** Positions of each cluster in order, padded with IGNORED to the number of ids. */
  readonly rows: Uint32Array<ArrayBuffer>[];
  /** The ids at these positions, padded with IGNORED. */
  readonly ids: Uint32Array<ArrayBuffer>[];
  /** Positions of each cluster. */
  readonly counts: number[];
}

/**
 * Groups positions by cluster: cluster k holds the ids from `cutoffs[k - 1]` (0 for the first) to
 * `cutoffs[k]`, exclusive; the last cutoff is the size of the vocabulary. Positions that are IGNORED
 * belong to no cluster.
 *
 * @throws {RangeError} when an id is not below the last cutoff
 * @example
 * ```ts
 * import { IGNORED, splitByCluster } from "@transformer-xl/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * const { rows, ids, counts } = splitByCluster(new Uint32Array([7, 2, IGNORED, 7]), [5, 10]);
 * assertEquals(counts, [1, 2]);
 * assertEquals([...rows[1]!], [0, 3, IGNORED, IGNORED]);
 * assertEquals([...ids[1]!], [7, 7, IGNORED, IGNORED]);
 * ```
 */
export function splitByCluster(ids: Uint32Array, cutoffs: readonly number[]): ClusterSplit {
  const padded = () => cutoffs.map(() => new Uint32Array(ids.length).fill(IGNORED));
  const [rows, compact] = [padded(), padded()];
  const counts = cutoffs.map(() => 0);
  for (let n = 0; n < ids.length; n++) {
    const id = ids[n]!;
    if (id === IGNORED) continue;
    let cluster = 0;
    while (cluster < cutoffs.length && id >= cutoffs[cluster]!) cluster++;
    if (cluster === cutoffs.length) {
      throw new RangeError(
        `Cannot split tokens by cluster: id ${id} at position ${n} is not below the ` +
          `${cutoffs.at(-1) ?? 0} words of the vocabulary`,
      );
    }
    const at = counts[cluster]!++;
    rows[cluster]![at] = n;
    compact[cluster]![at] = id;
  }
  return { rows, ids: compact, counts };
}
