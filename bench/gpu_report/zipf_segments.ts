/**
 * Generated token ids with the frequencies of words (Zipf's law).
 *
 * @module
 */
import { zipfIds } from "@transformer-xl/eval";
import type { Lengths, Segment } from "@transformer-xl/model";

/**
 * `count` segments of ids whose frequency is proportional to 1 / (id + 1); equal seeds give equal
 * ids.
 *
 * @example
 * ```ts
 * import { zipfSegments } from "@transformer-xl/bench";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const lengths = { batchSize: 2, tgtLen: 3, extLen: 0, memLen: 4 };
 * const [first, second] = zipfSegments(lengths, 10, 1111, 2);
 * assertEquals([first!.inputs.length, second!.start], [6, 3]);
 * assert(first!.targets.every((id) => id < 10));
 * ```
 */
export function zipfSegments(
  { batchSize: columns, tgtLen: rows }: Pick<Lengths, "batchSize" | "tgtLen">,
  nToken: number,
  seed: number,
  count: number,
): Segment[] {
  const next = zipfIds(nToken, seed);
  const ids = () => Uint32Array.from({ length: rows * columns }, next);
  return Array.from({ length: count }, (_, n) => ({
    inputs: ids(),
    targets: ids(),
    rows,
    targetRows: rows,
    columns,
    start: n * rows,
    scored: false,
  }));
}
