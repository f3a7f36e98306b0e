/**
 * Log-uniform sampling of a vocabulary, on the host: ids ordered by falling frequency are drawn by
 * an approximation of Zipf's law,
 *
 *     p(c) = (ln(c + 2) - ln(c + 1)) / ln(V + 1)
 *
 * A sample of N words is 2 N draws with replacement, of which each id is kept once, so an id is in the
 * sample with probability q(c) = 1 - (1 - p(c))^(2 N). The reference draws alike, but takes
 * log1p(p) for log1p(-p), which makes q too small.
 *
 * @module
 */

/** Words drawn for each word of the sample. */
const DRAWS_PER_SAMPLE = 2;

/** Slots are a multiple of this, for vector loads. */
const SLOT_MULTIPLE = 4;

/** Natural logarithm of the probability that a sample exceeds its slots: it is drawn again. */
const LOG_OVERFLOW = -40;

/**
 * The distribution of samples.
 *
 * @example
 * ```ts
 * import { LogUniform } from "@transformer-xl/kernels";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const words = new LogUniform(1000, 8);
 * assertEquals([...words.sample(() => 0)], [0]); // 16 draws of the most frequent word
 * assert(Math.exp(words.logExpected[0]!) > 0.8);
 * assert(words.slots <= 16);
 * ```
 */
export class LogUniform {
  /** V: ids are below it. */
  readonly size: number;
  /** Draws of a sample, 2 N. */
  readonly draws: number;
  /** [V]: natural logarithm of q, rounded to float32. */
  readonly logExpected: Float32Array<ArrayBuffer>;
  /** Sum of q: mean number of distinct ids in a sample. */
  readonly meanCount: number;
  /** Room for the distinct ids of a sample: 2 N or V, or fewer where more occur once in e^40 samples. */
  readonly slots: number;

  /**
   * @param size V
   * @param samples N
   * @throws {RangeError} unless 0 < N < V
   */
  constructor(size: number, samples: number) {
    if (!(samples > 0 && samples < size)) {
      throw new RangeError(`Cannot sample ${samples} of ${size} words: expected 1 to ${size - 1}`);
    }
    this.size = size;
    this.draws = DRAWS_PER_SAMPLE * samples;
    this.logExpected = new Float32Array(size);
    let [mean, variance] = [0, 0];
    for (let id = 0; id < size; id++) {
      const expected = -Math.expm1(this.draws * Math.log1p(-this.probability(id)));
      this.logExpected[id] = Math.log(expected);
      mean += expected;
      variance += expected * (1 - expected);
    }
    this.meanCount = mean;
    // Whether ids occur is negatively associated, so Bernstein's inequality bounds their number.
    const third = -LOG_OVERFLOW / 3;
    const excess = third + Math.sqrt(third ** 2 - 2 * LOG_OVERFLOW * variance);
    const most = Math.min(this.draws, size, mean + excess);
    this.slots = Math.ceil(most / SLOT_MULTIPLE) * SLOT_MULTIPLE;
  }

  /** p(id): probability of one draw. */
  probability(id: number): number {
    return Math.log1p(1 / (id + 1)) / Math.log1p(this.size);
  }

  /**
   * The distinct ids of one sample, ascending; at most {@link slots}.
   *
   * @param random uniform numbers in [0, 1) with 53 bits: the last ids of a large vocabulary have
   * probabilities of 1e-7
   */
  sample(random: () => number): Uint32Array<ArrayBuffer> {
    const scale = Math.log1p(this.size);
    const drawn = new Uint32Array(this.draws);
    for (;;) {
      for (let n = 0; n < drawn.length; n++) {
        // The inverse of the cumulative distribution ln(c + 1) / ln(V + 1).
        drawn[n] = Math.min(Math.floor(Math.exp(random() * scale)) - 1, this.size - 1);
      }
      drawn.sort();
      const distinct = drawn.filter((id, n) => n === 0 || id !== drawn[n - 1]);
      if (distinct.length <= this.slots) return distinct;
    }
  }
}
