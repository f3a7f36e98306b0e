/**
 * SHA-256 (FIPS 180-4) in plain TypeScript, for hosts whose own implementation is asynchronous or
 * missing. A tenth of the speed of a native one, which files on disk get.
 *
 * @module
 */

/** A hash that is fed in pieces. */
export interface Hash {
  /** The next bytes. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes in hexadecimal digits; the last call of an object. */
  hex(): string;
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = fractions(64, (prime) => Math.cbrt(prime));

/** The same of the square roots of the first 8 primes. */
const INITIAL_STATE = fractions(8, (prime) => Math.sqrt(prime));

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** A SHA-256 that is fed in pieces. */
export class Sha256 implements Hash {
  readonly #state = INITIAL_STATE.slice();
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #schedule = new Uint32Array(64);
  #filled = 0;
  #length = 0;

  /** As {@link Hash.update}. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(BLOCK_BYTES - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < BLOCK_BYTES) return;
      this.#compress(this.#block, 0);
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#compress(bytes, at);
    this.#block.set(bytes.subarray(at));
    this.#filled = bytes.length - at;
  }

  /** As {@link Hash.hex}. */
  hex(): string {
    const used = (this.#filled + 1 + LENGTH_BYTES) % BLOCK_BYTES;
    const padding = new Uint8Array(1 + (BLOCK_BYTES - used) % BLOCK_BYTES + LENGTH_BYTES);
    padding[0] = 0x80;
    const lengthView = new DataView(padding.buffer, padding.length - LENGTH_BYTES);
    lengthView.setBigUint64(0, 8n * BigInt(this.#length));
    this.update(padding);
    return [...this.#state].map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  #compress(bytes: Uint8Array, offset: number): void {
    const constants = ROUND_CONSTANTS;
    const w = this.#schedule;
    for (let t = 0; t < 16; t++) {
      const at = offset + 4 * t;
      w[t] = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ x >>> 3;
      const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ y >>> 10;
      w[t] = sigma1 + w[t - 7]! + sigma0 + w[t - 16]!;
    }
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let t = 0; t < 64; t++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = e & f ^ ~e & g;
      const first = h + sum1 + choice + constants[t]! + w[t]! | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = a & b ^ a & c ^ b & c;
      h = g;
      g = f;
      f = e;
      e = d + first | 0;
      d = c;
      c = b;
      b = a;
      a = first + sum0 + majority | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

/**
 * SHA-256 of a text's UTF-8 bytes, in hexadecimal digits.
 *
 * @example
 * ```ts
 * import { sha256 } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sha256("abc").slice(0, 16), "ba7816bf8f01cfea");
 * ```
 */
export function sha256(text: string): string {
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(text));
  return hash.hex();
}

function rotate(word: number, bits: number): number {
  return word >>> bits | word << 32 - bits;
}

function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const words: number[] = [];
  for (let n = 2; words.length < count; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) words.push(Math.floor(root(n) % 1 * 2 ** 32));
  }
  return Uint32Array.from(words);
}
