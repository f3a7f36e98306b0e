/**
 * Draws of NumPy's legacy global generator, bit-equal to `numpy.random.seed`, `random`, `normal` and
 * `shuffle`. It draws the segment lengths of `--varlen` and the order of sentences.
 *
 * @module
 */
import { Mt19937 } from "./mt19937.ts";

/**
 * NumPy's generator `RandomState`.
 *
 * @example
 * ```ts
 * import { NumpyRandom } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const numpy = new NumpyRandom(1111);
 * assertEquals(numpy.random(), 0.09554919920876204);
 * ```
 */
export class NumpyRandom {
  readonly #words: Mt19937;
  /** The second value of the last pair of normal numbers. */
  #spare: number | undefined;

  /** Starts at `seed`, 0 .. 2^32 - 1. */
  constructor(seed: number) {
    this.#words = new Mt19937(seed);
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  random(): number {
    const high = this.#words.next() >>> 5;
    const low = this.#words.next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A normal number. */
  normal(mean: number, deviation: number): number {
    return mean + deviation * this.#standardNormal();
  }

  /** Shuffles a list of numbers in place. */
  shuffle(list: number[] | Uint32Array): void {
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.#upTo(last);
      const kept = list[last]!;
      list[last] = list[other]!;
      list[other] = kept;
    }
  }

  /** A whole number from 0 to `largest`, below 2^32: bits are drawn until they are small enough. */
  #upTo(largest: number): number {
    const mask = largest === 0 ? 0 : 0xffffffff >>> Math.clz32(largest);
    let value = this.#words.next() & mask;
    while (value >>> 0 > largest) value = this.#words.next() & mask;
    return value >>> 0;
  }

  /** Marsaglia's polar method, which draws pairs: the first value is kept for the next call. */
  #standardNormal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    let [x, y, square] = [0, 0, 0];
    do {
      x = 2 * this.random() - 1;
      y = 2 * this.random() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt(-2 * Math.log(square) / square);
    this.#spare = factor * x;
    return factor * y;
  }
}
