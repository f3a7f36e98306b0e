/**
 * The order of a training text of sentences, equal to the reference's: before every epoch its files
 * are shuffled, and before a file is used, its sentences are. One generator draws everything. As the
 * draws depend on the numbers of sentences alone, those of earlier files are drawn again for a
 * resumed run, and any place follows from its number.
 *
 * @module
 */
import { NumpyRandom } from "../batches/numpy_random.ts";

/** What the order depends on. */
export interface OrderSettings {
  /** The seed of the run. */
  readonly seed: number;
  /** Sentences of every file. */
  readonly sentences: readonly number[];
}

/** A file in its turn. */
export interface FileTurn {
  /** Number of the file among `sentences`. */
  readonly file: number;
  /** Its sentences in the order of use. */
  readonly order: Uint32Array<ArrayBuffer>;
}

/**
 * Orders of files and sentences.
 *
 * @example
 * ```ts
 * import { SentenceOrder } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const order = new SentenceOrder({ seed: 1111, sentences: [1, 1, 1, 1, 1, 1, 1, 1] });
 * assertEquals(order.files(1), [6, 3, 0, 2, 7, 1, 5, 4]);
 * ```
 */
export class SentenceOrder {
  readonly #settings: OrderSettings;
  #random!: NumpyRandom;
  /** The epoch of `#files`. */
  #epoch = 0;
  /** Turns of this epoch that were drawn. */
  #drawn = 0;
  #files: number[] = [];

  constructor(settings: OrderSettings) {
    this.#settings = settings;
    this.#restart();
  }

  /** The files in the order of `epoch`, counted from 1. */
  files(epoch: number): readonly number[] {
    if (epoch < this.#epoch) this.#restart();
    while (this.#epoch < epoch) {
      while (this.#drawn < this.#files.length) this.#draw();
      if (this.#epoch === 0) this.#files = [...this.#settings.sentences.keys()];
      this.#files = [...this.#files];
      this.#random.shuffle(this.#files);
      this.#epoch++;
      this.#drawn = 0;
    }
    return this.#files;
  }

  /**
   * The file that is number `turn` in `epoch`.
   *
   * @returns undefined after the last one
   */
  turn(epoch: number, turn: number): FileTurn | undefined {
    if (epoch === this.#epoch && turn < this.#drawn) this.#restart();
    const file = this.files(epoch)[turn];
    if (file === undefined) return undefined;
    while (this.#drawn < turn) this.#draw();
    return { file, order: this.#draw() };
  }

  #restart(): void {
    this.#random = new NumpyRandom(this.#settings.seed);
    this.#epoch = 0;
    this.#drawn = 0;
    this.#files = [];
  }

  /** Draws the order of the next file of this epoch. */
  #draw(): Uint32Array<ArrayBuffer> {
    const count = this.#settings.sentences[this.#files[this.#drawn++]!]!;
    const order = Uint32Array.from({ length: count }, (_, n) => n);
    this.#random.shuffle(order);
    return order;
  }
}
