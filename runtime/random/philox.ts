/**
 * Counter-based random numbers on the host: Philox4x32-10 (Salmon et al. 2011) and the
 * distributions of parameter initialisation. Value `i` of stream `s` is a pure function of (seed,
 * s, i), so a tensor can be filled in any order, in pieces, on any rank. Only exactly rounded
 * operations (+, -, *, /, sqrt) and integer arithmetic are used, so the bits are equal on every
 * machine.
 *
 * @module
 */
import philoxWgsl from "./philox.wgsl" with { type: "text" };

/**
 * The same generator as WGSL text, to be put before a kernel's source: declares
 * `fn philox4x32_10(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32>`.
 */
export const PHILOX_WGSL: string = philoxWgsl;

/**
 * Fourth counter word of every host draw, which separates host streams from those of kernels, where
 * it is zero.
 */
const HOST_DOMAIN = 0x696e6974;

/** Four random words of the block most recently computed by {@link philoxBlock}. */
const block = new Uint32Array(4);

/** High word of the 64-bit product a * b, by 16-bit halves (no partial sum exceeds 32 bits). */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) >>> 0;
  const middle = (Math.imul(aLow, bHigh) + (cross & 0xffff)) >>> 0;
  return (Math.imul(aHigh, bHigh) + (cross >>> 16) + (middle >>> 16)) | 0;
}

/** Ten rounds into `block`; allocates nothing. */
function philoxBlock(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = mulHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/**
 * Philox4x32-10 (Salmon et al., SC 2011): 128 random bits of a 128-bit counter and a 64-bit key.
 *
 * @param counter Four words, least significant first
 * @param key Two words, least significant first
 * @returns Four independent uniform 32-bit words
 *
 * @example
 * ```ts
 * import { philox4x32 } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   [...philox4x32([0, 0, 0, 0], [0, 0])],
 *   [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
 * );
 * ```
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): Uint32Array<ArrayBuffer> {
  philoxBlock(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return block.slice();
}

/** Block `index` of a stream into `block`. Seeds up to 2^53 use both key words. */
function drawBlock(seed: number, stream: number, index: number): void {
  const high = Math.floor(index / 2 ** 32);
  philoxBlock(index | 0, high, stream, HOST_DOMAIN, seed | 0, Math.floor(seed / 2 ** 32) | 0);
}

/** 2^-j for j in 0..32. */
const inversePower = Float64Array.from({ length: 33 }, (_, j) => 2 ** -j);

/**
 * sqrt(-2 ln u) of u = (word + 1) / 2^32 in (0, 1]: the radius of a Box-Muller pair, 0 to 6.66.
 * ln u = (j - 32) ln 2 + ln m with m in [sqrt(1/2), sqrt(2)], and ln m = 2 artanh((m - 1)/(m + 1)).
 */
function radius(word: number): number {
  let j = 32 - Math.clz32(word);
  let m = (word + 1) * inversePower[j]!;
  if (m < Math.SQRT1_2) {
    m *= 2;
    j -= 1;
  }
  const s = (m - 1) / (m + 1);
  const t = s * s;
  const series = 1 + t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * (1 / 9 + t * (1 / 11 +
                        t * (1 / 13 + t * (1 / 15 + t * (1 / 17 + t / 19))))))));
  return Math.sqrt(-2 * ((j - 32) * Math.LN2 + 2 * s * series));
}

const TURN = 2 * Math.PI / 2 ** 32;

/** sin(x) for |x| <= pi/4: the Taylor polynomial of degree 15 is exact to the last bit or two. */
function sine(x: number): number {
  const t = x * x;
  return x * (1 - t / 6 * (1 - t / 20 * (1 - t / 42 * (1 - t / 72 * (1 - t / 110 *
                      (1 - t / 156 * (1 - t / 210)))))));
}

/** cos(x) for |x| <= pi/4, Taylor polynomial of degree 16. */
function cosine(x: number): number {
  const t = x * x;
  return 1 - t / 2 * (1 - t / 12 * (1 - t / 30 * (1 - t / 56 * (1 - t / 90 *
                      (1 - t / 132 * (1 - t / 182 * (1 - t / 240)))))));
}

/** Two standard normals in float64 of two random words: r cos a and r sin a. */
const pair = new Float64Array(2);

function boxMuller(radiusWord: number, angleWord: number): void {
  const r = radius(radiusWord);
  // The angle is nearest quarter turn + remainder in [-pi/4, pi/4), both exact in integers.
  const quarter = (angleWord + 2 ** 29) >>> 30;
  const x = ((angleWord - (quarter << 30)) | 0) * TURN;
  const c = r * cosine(x);
  const s = r * sine(x);
  pair[0] = (quarter & 1) === 0 ? (quarter === 0 ? c : -c) : (quarter === 1 ? -s : s);
  pair[1] = (quarter & 1) === 0 ? (quarter === 0 ? s : -s) : (quarter === 1 ? c : -c);
}

/** A range of a normal stream and its moments. */
export interface NormalOptions {
  /** Expected value, 0 by default. */
  readonly mean?: number;
  /** Standard deviation, 1 by default. */
  readonly std?: number;
  /** Stream index of the first element, 0 by default. */
  readonly start?: number;
}

/** A range of a uniform stream and its bounds. */
export interface UniformOptions {
  /** Lower bound, 0 by default. */
  readonly low?: number;
  /** Upper bound, 1 by default. */
  readonly high?: number;
  /** Stream index of the first element, 0 by default. */
  readonly start?: number;
}

/**
 * Writes `target[i] = f32(mean + std * z(start + i))`, z standard normal by Box-Muller in float64.
 *
 * @param target Array to fill
 * @param seed Integer, |seed| <= 2^53
 * @param stream Unsigned 32-bit stream number, commonly {@link hashName} of the parameter
 * @returns `target`
 *
 * @example
 * ```ts
 * import { fillNormal, hashName } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = hashName("layers.0.weight");
 * const weight = fillNormal(new Float32Array(6), 1111, stream, { std: 0.02 });
 * const last = fillNormal(new Float32Array(1), 1111, stream, { std: 0.02, start: 5 });
 * assertEquals(weight[5], last[0]);
 * ```
 */
export function fillNormal(
  target: Float32Array<ArrayBuffer>,
  seed: number,
  stream: number,
  options: NormalOptions = {},
): Float32Array<ArrayBuffer> {
  const { mean = 0, std = 1, start = 0 } = options;
  const end = start + target.length;
  for (let first = start - start % 4; first < end; first += 4) {
    drawBlock(seed, stream, first / 4);
    // Elements of the block outside the target fall on negative or too large indices: no-ops.
    const i = first - start;
    boxMuller(block[0]!, block[1]!);
    target[i] = mean + std * pair[0]!;
    target[i + 1] = mean + std * pair[1]!;
    boxMuller(block[2]!, block[3]!);
    target[i + 2] = mean + std * pair[0]!;
    target[i + 3] = mean + std * pair[1]!;
  }
  return target;
}

/**
 * Writes `target[i] = f32(low + (high - low) * u(start + i))`, u in [0, 1) with 24 random bits.
 *
 * @param target Array to fill
 * @param seed Integer, |seed| <= 2^53
 * @param stream Unsigned 32-bit stream number, commonly {@link hashName} of the parameter
 * @returns `target`
 *
 * @example
 * ```ts
 * import { fillUniform } from "@transformer-xl/runtime";
 * import { assert } from "@std/assert";
 *
 * const weight = fillUniform(new Float32Array(100), 1111, 7, { low: -0.1, high: 0.1 });
 * assert(weight.every((w) => Math.abs(w) <= Math.fround(0.1)));
 * ```
 */
export function fillUniform(
  target: Float32Array<ArrayBuffer>,
  seed: number,
  stream: number,
  options: UniformOptions = {},
): Float32Array<ArrayBuffer> {
  const { low = 0, high = 1, start = 0 } = options;
  const scale = (high - low) / 2 ** 24;
  const end = start + target.length;
  for (let first = start - start % 4; first < end; first += 4) {
    drawBlock(seed, stream, first / 4);
    const i = first - start;
    for (let lane = 0; lane < 4; lane++) target[i + lane] = low + scale * (block[lane]! >>> 8);
  }
  return target;
}
