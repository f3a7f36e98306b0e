/**
 * The Mersenne Twister MT19937, bit-equal to C++ `std::mt19937(seed)` and so to PyTorch's CPU
 * generator. It draws the column shifts of `--roll`, and the bits of `numpy_random.ts`.
 *
 * @module
 */
const STATE_WORDS = 624;
const SHIFT_WORDS = 397;

/**
 * A generator of unsigned 32-bit numbers.
 *
 * @example
 * ```ts
 * import { Mt19937 } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Mt19937(5489).next(), 3499211612);
 * ```
 */
export class Mt19937 {
  #state = new Uint32Array(STATE_WORDS);
  #at = STATE_WORDS;

  /** Starts at `seed`, taken modulo 2^32. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = state[i - 1]!;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next number, 0 .. 2^32 - 1. */
  next(): number {
    if (this.#at === STATE_WORDS) this.#twist();
    let word = this.#state[this.#at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_WORDS; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % STATE_WORDS]! & 0x7fffffff);
      const mixed = (joined >>> 1) ^ ((joined & 1) === 0 ? 0 : 0x9908b0df);
      state[i] = state[(i + SHIFT_WORDS) % STATE_WORDS]! ^ mixed;
    }
    this.#at = 0;
  }
}
