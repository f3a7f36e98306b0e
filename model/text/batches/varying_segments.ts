/**
 * Segments of varying length (`--varlen`): where the segments of each epoch begin. The reference
 * draws the length of a segment when it takes it, from a generator that is seeded once. Here the
 * epochs before are drawn again, so any epoch follows from its number, and a resumed run sees the
 * same segments.
 *
 * @module
 */
import { NumpyRandom } from "./numpy_random.ts";

const DEVIATION = 5;
const SHORTEST = 5;

/** A segment of varying length has at most this many target rows more than `tgtLen`. */
export const MOST_EXTRA_ROWS = 3 * DEVIATION;

/** Share of the segments whose mean length is `tgtLen`; that of the others is half of it. */
const WHOLE_SHARE = 0.95;

/** What the segments of a run depend on. */
export interface VaryingSettings {
  /** The seed of the run. */
  readonly seed: number;
  /** Mean target rows of most segments. */
  readonly tgtLen: number;
  /** Rows of a column, at least 2. */
  readonly rows: number;
}

/**
 * The segments of a run, epoch by epoch.
 *
 * @example
 * ```ts
 * import { VaryingSegments } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const segments = new VaryingSegments({ seed: 1111, tgtLen: 192, rows: 500 });
 * assertEquals(segments.bounds(1), [0, 190, 384, 499]); // three segments
 * ```
 */
export class VaryingSegments {
  readonly #settings: VaryingSettings;
  #random: NumpyRandom;
  /** The epoch whose segments were drawn last. */
  #epoch = 0;
  #bounds: readonly number[] = [];

  constructor(settings: VaryingSettings) {
    this.#settings = settings;
    this.#random = new NumpyRandom(settings.seed);
  }

  /**
   * The first rows of the segments of `epoch`, counted from 1, and the row after the last of them.
   * As in the reference, a single row that is left over is not used.
   */
  bounds(epoch: number): readonly number[] {
    if (epoch < this.#epoch) {
      this.#random = new NumpyRandom(this.#settings.seed);
      this.#epoch = 0;
    }
    for (; this.#epoch < epoch; this.#epoch++) this.#bounds = this.#draw();
    return this.#bounds;
  }

  #draw(): number[] {
    const { rows, tgtLen } = this.#settings;
    const bounds = [0];
    let start = 0;
    do {
      start = Math.min(start + drawLength(this.#random, tgtLen), rows - 1);
      bounds.push(start);
    } while (start < rows - 2);
    return bounds;
  }
}

/** Target rows of the next segment. */
function drawLength(random: NumpyRandom, tgtLen: number): number {
  const mean = random.random() < WHOLE_SHARE ? tgtLen : tgtLen / 2;
  const length = Math.max(SHORTEST, Math.trunc(random.normal(mean, DEVIATION)));
  return Math.min(tgtLen + MOST_EXTRA_ROWS, length);
}

/** Segments that {@link meanLength} averages. */
const SAMPLES = 10_000;

/** Mean target rows of the segments of a run, from its first ten thousand draws. */
export function meanLength({ seed, tgtLen }: Omit<VaryingSettings, "rows">): number {
  const random = new NumpyRandom(seed);
  let sum = 0;
  for (let n = 0; n < SAMPLES; n++) sum += drawLength(random, tgtLen);
  return sum / SAMPLES;
}
