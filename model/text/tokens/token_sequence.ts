/**
 * The interface of a text's token ids: an array in memory, or a part of a file that is read by
 * position.
 *
 * @module
 */

/** Token ids by position. A `Uint32Array` is one. */
export interface TokenSequence extends Iterable<number> {
  /** Number of ids. */
  readonly length: number;
  /** A copy of the ids from `start` to before `end`; negative positions count from the end. */
  slice(start?: number, end?: number): Uint32Array<ArrayBuffer>;
  /** One id; undefined where there is none. */
  at(index: number): number | undefined;
  /** Fills `target` with the ids from `start` on, where they are not in memory. */
  readInto?(start: number, target: Uint32Array): void;
}

/** Ids of a block: 1 MiB. */
export const BLOCK_IDS: number = 1 << 18;

/**
 * The ids in order, in blocks of any length. A block is valid until the next one is asked for; one of
 * an array is a part of it.
 *
 * @example
 * ```ts
 * import { blocksOf } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * let sum = 0;
 * for (const block of blocksOf(Uint32Array.of(1, 2, 3))) for (const id of block) sum += id;
 * assertEquals(sum, 6);
 * ```
 */
export function* blocksOf(tokens: TokenSequence): Generator<
  Uint32Array<ArrayBuffer>,
  void,
  undefined
> {
  const buffer = new Uint32Array(tokens.readInto ? Math.min(BLOCK_IDS, tokens.length) : 0);
  for (let start = 0; start < tokens.length; start += BLOCK_IDS) {
    const end = Math.min(start + BLOCK_IDS, tokens.length);
    if (tokens instanceof Uint32Array) {
      yield tokens.subarray(start, end) as Uint32Array<ArrayBuffer>;
    } else if (tokens.readInto === undefined) {
      yield tokens.slice(start, end);
    } else {
      const block = buffer.subarray(0, end - start);
      tokens.readInto(start, block);
      yield block;
    }
  }
}

/** All ids as one array; those of an array are not copied. */
export function toArray(tokens: TokenSequence): Uint32Array {
  return tokens instanceof Uint32Array ? tokens : tokens.slice();
}
