/**
 * Random token ids, as frequent as words (Zipf's law): text for measurements that need none.
 *
 * @module
 */
import { Mt19937 } from "@transformer-xl/model";

/**
 * Draws ids below `nToken` whose frequency is proportional to 1 / (id + 1), without end.
 *
 * @param seed equal seeds give equal ids
 * @example
 * ```ts
 * import { zipfIds } from "@transformer-xl/eval";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const next = zipfIds(1000, 1111);
 * const ids = Array.from({ length: 1000 }, next);
 * assert(ids.every((id) => id >= 0 && id < 1000));
 * assert(ids.filter((id) => id < 31).length > 400); // half of the logarithm of 1000
 * assertEquals(zipfIds(1000, 1111)(), ids[0]);
 * ```
 */
export function zipfIds(nToken: number, seed: number): () => number {
  const random = new Mt19937(seed);
  return () => Math.min(nToken - 1, Math.floor((nToken + 1) ** (random.next() / 2 ** 32) - 1));
}

/** A stream of `length` ids. */
export function randomIds(length: number, nToken: number, seed: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length }, zipfIds(nToken, seed));
}
