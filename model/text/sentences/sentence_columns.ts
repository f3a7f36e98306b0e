/**
 * Batch columns that are filled with sentences: a column takes the next sentence whenever its own
 * has no pair of input and target left. Every rank fills all columns, because a sentence goes to the
 * first column that needs one, and serves its own.
 *
 * ```text
 * sentences  <S> a b <S>   <S> c <S>   <S> d e f <S>      T = 4
 * inputs     <S> a b <S> c      column 0: its last <S> is only a target
 * targets     a  b <S> c ...    rests continue in the next batch
 * ```
 *
 * @module
 */
import type { LengthSettings } from "../../config.ts";
import { columnShare, type Segment } from "../batches/batches.ts";

/** Columns of all ranks, and this one among them. */
export interface ColumnSettings extends LengthSettings {
  /** This process among `ranks` (default 0). */
  readonly rank?: number | undefined;
  /** Processes that share the columns (default 1). */
  readonly ranks?: number | undefined;
}

/** State between two batches. */
export interface ColumnState {
  /** Tokens that every column has left, of which the first is its next input. */
  readonly rests: readonly ArrayLike<number>[];
  /** The last rows of inputs, at most E, which the next inputs repeat, [rows, columns]. */
  readonly before: ArrayLike<number>;
}

/** Source of sentences; undefined where there is none at the moment. */
export type NextSentence = () => Uint32Array | undefined;

/** Columns of all ranks. */
export class SentenceColumns {
  /** Number of this rank's first column. */
  readonly firstColumn: number;
  /** Columns of this rank. */
  readonly columns: number;
  readonly #batchSize: number;
  readonly #tgtLen: number;
  readonly #extLen: number;
  #rests: Uint32Array[];
  #before: ArrayLike<number>;
  readonly #inputs: Uint32Array<ArrayBuffer>;
  readonly #targets: Uint32Array<ArrayBuffer>;
  /** Filled rows of every column. */
  readonly #filled: Uint32Array;

  /** @throws {ConfigError} if this rank would get no column */
  constructor(settings: ColumnSettings, state?: ColumnState) {
    const { batchSize, tgtLen, extLen = 0, rank = 0, ranks = 1 } = settings;
    const share = columnShare(batchSize, rank, ranks);
    this.firstColumn = share.firstColumn;
    this.columns = share.columns;
    this.#batchSize = batchSize;
    this.#tgtLen = tgtLen;
    this.#extLen = extLen;
    const rests = state?.rests ?? new Array<number[]>(batchSize).fill([]);
    this.#rests = rests.map((rest) => Uint32Array.from(rest));
    this.#before = state?.before ?? [];
    this.#inputs = new Uint32Array(tgtLen * batchSize);
    this.#targets = new Uint32Array(tgtLen * batchSize);
    this.#filled = new Uint32Array(batchSize);
  }

  /** The state after the last batch, if none was begun since. */
  get state(): ColumnState {
    return { rests: [...this.#rests], before: this.#before };
  }

  /** Whether the next batch has a pair of input and target. */
  get begun(): boolean {
    return this.#filled.some((rows) => rows > 0);
  }

  /** Pairs of input and target in rests and in a batch that was begun. */
  get pending(): number {
    const rests = this.#rests.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0);
    return this.#filled.reduce((sum, rows) => sum + rows, rests);
  }

  /**
   * Fills the batch, column by column; a later call goes on where sentences ran out.
   *
   * @returns whether it is full
   */
  fill(next: NextSentence): boolean {
    for (let column = 0; column < this.#batchSize; column++) {
      if (!this.#fillColumn(column, next)) return false;
    }
    return true;
  }

  /**
   * Ends a batch that sentences are missing for: columns keep what their rests give.
   *
   * @returns the rows that all columns have
   */
  finish(): number {
    for (let column = 0; column < this.#batchSize; column++) {
      this.#fillColumn(column, () => undefined);
    }
    return this.#filled.reduce((least, rows) => Math.min(least, rows), this.#tgtLen);
  }

  /** Takes the first `rows` rows of the batch, of this rank's columns, and begins the next one. */
  take(start: number, rows = this.#tgtLen): Segment {
    const extended = this.#before.length / this.#batchSize;
    const inputs = new Uint32Array(this.#before.length + rows * this.#batchSize);
    inputs.set(this.#before);
    inputs.set(this.#inputs.subarray(0, rows * this.#batchSize), this.#before.length);
    this.#before = inputs.slice(Math.max(0, extended + rows - this.#extLen) * this.#batchSize);
    this.#filled.fill(0);
    return {
      inputs: this.#ownColumns(inputs),
      targets: this.#ownColumns(this.#targets.subarray(0, rows * this.#batchSize)),
      rows: extended + rows,
      targetRows: rows,
      columns: this.columns,
      start,
      scored: true,
    };
  }

  #fillColumn(column: number, next: NextSentence): boolean {
    let row = this.#filled[column]!;
    let rest = this.#rests[column]!;
    while (row < this.#tgtLen) {
      if (rest.length <= 1) {
        const sentence = next();
        if (sentence === undefined) break;
        rest = sentence;
      }
      const count = Math.min(rest.length - 1, this.#tgtLen - row);
      for (let n = 0; n < count; n++, row++) {
        this.#inputs[row * this.#batchSize + column] = rest[n]!;
        this.#targets[row * this.#batchSize + column] = rest[n + 1]!;
      }
      rest = rest.subarray(count);
    }
    this.#rests[column] = rest;
    this.#filled[column] = row;
    return row === this.#tgtLen;
  }

  #ownColumns(ids: Uint32Array): Uint32Array<ArrayBuffer> {
    if (this.columns === this.#batchSize) return ids.slice();
    const rows = ids.length / this.#batchSize;
    const own = new Uint32Array(rows * this.columns);
    for (let row = 0; row < rows; row++) {
      const first = row * this.#batchSize + this.firstColumn;
      own.set(ids.subarray(first, first + this.columns), row * this.columns);
    }
    return own;
  }
}
