/**
 * A token stream cut into parallel columns and served in segments of consecutive rows. Column b holds
 * the b-th contiguous piece of the stream, so the memory of one segment is the past of the next. All
 * indices are computed from the row number: starting anywhere costs nothing.
 *
 * ```text
 * column   0    1    2         rows i .. i+T-1 are inputs,
 * row 0    0   25   50         rows i+1 .. i+T are targets,
 * row 1    1   26   51         warm-up rows stand above row 0:
 * ...                          the tail of the previous column
 * ```
 *
 * @module
 */
import { ConfigError, DataError } from "@transformer-xl/runtime/core";
import type { LengthSettings } from "../../config.ts";
import type { TokenSequence } from "../tokens/token_sequence.ts";
import { rollShifts } from "./roll_shifts.ts";
import { VaryingSegments } from "./varying_segments.ts";

/**
 * Options of batches: columns over all ranks, target rows per segment (T; the last segment of an
 * epoch may be shorter), and E rows repeated in front of its inputs.
 */
export interface BatchSettings extends LengthSettings {
  /**
   * Memory length (M) to fill before scoring starts: each column starts with the preceding text,
   * rounded up to whole segments, whose `scored` is false. 0 (the default) for training.
   */
  readonly warmupLen?: number | undefined;
  /** This process among `ranks` (default 0). */
  readonly rank?: number | undefined;
  /** Processes that share the columns (default 1). */
  readonly ranks?: number | undefined;
  /** Name of the stream in messages (default "text"). */
  readonly name?: string | undefined;
  /** Whether training has another `batchSize`, so that errors need a change of this one. */
  readonly ofEvaluation?: boolean | undefined;
}

/** One step's tokens, time-major: element `row * columns + column`. */
export interface Segment {
  /** Token ids [Q, B]: up to E repeated rows, then the T rows of the segment. */
  readonly inputs: Uint32Array<ArrayBuffer>;
  /** Token ids [T, B]: the successors of the last T input rows. */
  readonly targets: Uint32Array<ArrayBuffer>;
  /** Input rows (Q). */
  readonly rows: number;
  /** Target rows (T). */
  readonly targetRows: number;
  /** Columns (B) on this rank. */
  readonly columns: number;
  /** The first row that is new in this segment; a checkpoint stores it as `last_iter`. */
  readonly start: number;
  /** False for a warm-up segment, which only fills the memory. */
  readonly scored: boolean;
}

/** The segments of a text on one rank. */
export interface SegmentSource {
  /** Number of this rank's first column. */
  readonly firstColumn: number;
  /** Columns of this rank. */
  readonly columns: number;
  /** Segments of the text. */
  readonly segmentCount: number;
  /** The number of segments that log lines show. */
  readonly batchCount: number;
  /** The segments, in order. */
  segments(): Iterable<Segment>;
  /** Places in the text of the targets of segment `index`, [T B]; -1 in warm-up rows. */
  targetPlaces(index: number): Int32Array;
}

/** Whether {@link columnShare} gives every rank a column. */
export function canShare(columns: number, processes: number): boolean {
  return Math.ceil(columns / processes) * (processes - 1) < columns;
}

/**
 * The columns of one rank: equal contiguous parts, the last ones shorter or empty, as in the
 * reference.
 *
 * @throws {ConfigError} if this rank would get no column
 */
export function columnShare(
  batchSize: number,
  rank: number,
  ranks: number,
): { readonly firstColumn: number; readonly columns: number } {
  const share = Math.ceil(batchSize / ranks);
  const firstColumn = rank * share;
  if (firstColumn >= batchSize) {
    throw new ConfigError(
      `Cannot share ${batchSize} columns among ${ranks} processes: process ${rank} gets none, ` +
        `a multiple of ${ranks} is wanted`,
      { need: "a multiple of the processes as the batch" },
    );
  }
  return { firstColumn, columns: Math.min(share, batchSize - firstColumn) };
}

/**
 * The segments of one stream on one rank.
 *
 * @example
 * ```ts
 * import { Batches } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = Uint32Array.from({ length: 11 }, (_, id) => id);
 * const batches = new Batches(stream, { batchSize: 2, tgtLen: 3 });
 * const [first] = batches.segments();
 * assertEquals([...first!.inputs], [0, 5, 1, 6, 2, 7]);
 * assertEquals([...first!.targets], [1, 6, 2, 7, 3, 8]);
 * ```
 */
export class Batches implements SegmentSource {
  /** Columns on this rank (B). */
  readonly columns: number;
  /** The first of them among all columns. */
  readonly firstColumn: number;
  /** Rows of the stream in each column; the rest of the stream is not used. */
  readonly columnRows: number;
  /** Rows served: warm-up rows and stream rows. */
  readonly rows: number;
  /** Rows per segment (T). */
  readonly tgtLen: number;
  #tokens: TokenSequence;
  #batchSize: number;
  #extLen: number;
  /** Segments that start below this row are not scored. */
  #warmFrom: number;
  #warmupRows: number;
  #shifts: Uint32Array;
  /** The varying segments of the run that {@link Batches.vary} was called for. */
  #varying: { readonly seed: number; readonly segments: VaryingSegments } | undefined;
  /** First rows of the segments, then the row after the last, where lengths vary. */
  #bounds: readonly number[] | undefined;

  /**
   * Cuts `tokens` without copying or changing them; a segment reads the ids that it holds.
   *
   * @throws {DataError} if they are too few for one input and one target row, or nothing would be
   * scored because warm-up is as long as they are.
   * @throws {ConfigError} if this rank would get no column.
   */
  constructor(tokens: TokenSequence, settings: BatchSettings) {
    const { batchSize, tgtLen, extLen = 0, warmupLen = 0 } = settings;
    const { rank = 0, ranks = 1, name = "text", ofEvaluation = false } = settings;
    this.columnRows = Math.floor(tokens.length / batchSize);
    if (this.columnRows < 2) {
      throw new DataError(
        `Cannot cut "${name}" into ${batchSize} columns: it has ${
          tokens.length === 1 ? "1 token" : `${tokens.length} tokens`
        }, at least ${2 * batchSize} are needed`,
        {
          need: ofEvaluation
            ? "more text or a smaller batch of evaluation"
            : "more text or a smaller batch",
        },
      );
    }
    const share = columnShare(batchSize, rank, ranks);
    this.firstColumn = share.firstColumn;
    this.columns = share.columns;
    this.#warmFrom = Math.ceil(warmupLen / tgtLen) * tgtLen;
    this.#warmupRows = Math.min(this.#warmFrom, this.columnRows);
    this.rows = this.#warmupRows + this.columnRows;
    if (this.#warmFrom >= this.rows - 1) {
      throw new DataError(
        `Cannot score "${name}" in columns of ${this.columnRows} rows: the first ${this.#warmFrom} ` +
          `only fill the memory`,
        {
          need: ofEvaluation
            ? "more text, a shorter memory or a smaller batch of evaluation"
            : "more text, a shorter memory or a smaller batch",
        },
      );
    }
    this.tgtLen = tgtLen;
    this.#tokens = tokens;
    this.#batchSize = batchSize;
    this.#extLen = extLen;
    this.#shifts = new Uint32Array(this.columns);
  }

  /**
   * Rotates the columns as the reference does before epochs 1 .. `epoch` (`--roll`). The result
   * depends on the arguments alone, not on earlier calls. The rotation of a column does not depend
   * on its rank; in the reference the first columns of all ranks share a rotation.
   *
   * @throws {RangeError} if the batches have warm-up rows.
   */
  roll(seed: number, epoch: number): void {
    if (this.#warmupRows > 0) throw new RangeError("Cannot roll batches that have warm-up rows");
    const shifts = rollShifts({ seed, epoch, rows: this.columnRows, columns: this.#batchSize });
    this.#shifts = shifts.subarray(this.firstColumn, this.firstColumn + this.columns);
  }

  /**
   * Cuts the columns into segments of varying length, those of the reference in `epoch`
   * (`--varlen`): at most {@link MOST_EXTRA_ROWS} rows longer than `tgtLen`. The result depends on
   * the arguments alone, and all ranks get the same lengths.
   *
   * @throws {RangeError} if the batches have warm-up rows.
   */
  vary(seed: number, epoch: number): void {
    if (this.#warmupRows > 0) throw new RangeError("Cannot vary batches that have warm-up rows");
    if (this.#varying?.seed !== seed) {
      const { tgtLen, rows } = this;
      this.#varying = { seed, segments: new VaryingSegments({ seed, tgtLen, rows }) };
    }
    this.#bounds = this.#varying.segments.bounds(epoch);
  }

  /** Segments of an epoch. The last row of a column is only ever a target. */
  get segmentCount(): number {
    return this.#bounds ? this.#bounds.length - 1 : Math.ceil((this.rows - 1) / this.tgtLen);
  }

  /**
   * The total that log lines show: ceil(rows / T), one too many when T divides rows - 1. The number
   * of segments where their length varies.
   */
  get batchCount(): number {
    return this.#bounds ? this.segmentCount : Math.ceil(this.rows / this.tgtLen);
  }

  /** Number of a segment in its epoch, from 1. */
  numberOf({ start }: Pick<Segment, "start">): number {
    return 1 + (this.#bounds ? this.#bounds.indexOf(start) : Math.floor(start / this.tgtLen));
  }

  /** The segments from row `start` to the end of the epoch. */
  *segments(start = 0): Generator<Segment, void, undefined> {
    if (this.#bounds === undefined) {
      for (let row = start; row < this.rows - 1; row += this.tgtLen) yield this.segment(row);
      return;
    }
    for (const row of this.#bounds.slice(0, -1)) if (row >= start) yield this.segment(row);
  }

  /** The segments after the one that starts at row `last`; all of the epoch after null. */
  segmentsAfter(last: number | null): Generator<Segment, void, undefined> {
    if (last === null) return this.segments();
    return this.segments(this.#bounds ? last + 1 : last + this.tgtLen);
  }

  /**
   * The segment whose first new row is `start`.
   *
   * @throws {RangeError} if no target follows that row, or no segment of varying length starts there.
   */
  segment(start: number): Segment {
    const end = this.#endOf(start);
    if (!(start >= 0 && start < this.rows - 1) || end === undefined) {
      throw new RangeError(
        `Cannot take the segment at row ${start}: ` +
          (end === undefined ? "none starts there" : `rows are 0 .. ${this.rows - 2}`),
      );
    }
    const targetRows = end - start;
    const inputStart = Math.max(0, start - this.#extLen);
    const rows = start + targetRows - inputStart;
    const { columns } = this;
    const ids = this.#copyRows(inputStart, rows + 1);
    return {
      inputs: ids.slice(0, rows * columns),
      targets: ids.slice((rows + 1 - targetRows) * columns),
      rows,
      targetRows,
      columns,
      start,
      scored: start >= this.#warmFrom,
    };
  }

  targetPlaces(index: number): Int32Array {
    const { columns, columnRows, firstColumn, rows, tgtLen } = this;
    const start = this.#bounds?.[index] ?? index * tgtLen;
    const first = start + 1 - this.#warmupRows;
    const places = new Int32Array((Math.min(this.#endOf(start)!, rows - 1) - start) * columns);
    return places.map((_, i) => {
      const column = i % columns;
      const row = first + (i - column) / columns;
      if (row <= 0) return -1;
      return (firstColumn + column) * columnRows + (row + this.#shifts[column]!) % columnRows;
    });
  }

  /** The row after the segment at `start`; undefined if no segment of varying length starts there. */
  #endOf(start: number): number | undefined {
    if (this.#bounds === undefined) return Math.min(start + this.tgtLen, this.rows - 1);
    const n = this.#bounds.indexOf(start);
    return n < 0 ? undefined : this.#bounds[n + 1];
  }

  /** Rows `first` to `first + count` of all columns, time-major. */
  #copyRows(first: number, count: number): Uint32Array<ArrayBuffer> {
    const { columns } = this;
    const copy = new Uint32Array(count * columns);
    const warmupRows = Math.max(0, Math.min(this.#warmupRows - first, count));
    for (let column = 0; column < columns; column++) {
      const own = this.firstColumn + column;
      const before = (own + this.#batchSize - 1) % this.#batchSize;
      // Warm-up rows are the tail of the column before; without warm-up, rotation may apply.
      const tail = this.#rowsOf(before, first - this.#warmFrom, warmupRows);
      const row = first + warmupRows - this.#warmupRows + this.#shifts[column]!;
      const body = this.#rowsOf(own, row, count - warmupRows);
      let at = column;
      for (const run of [...tail, ...body]) {
        for (let i = 0; i < run.length; i++, at += columns) copy[at] = run[i]!;
      }
    }
    return copy;
  }

  /** Rows of a column of the stream, whose first row follows its last. */
  #rowsOf(column: number, first: number, count: number): Uint32Array[] {
    const { columnRows } = this;
    const runs: Uint32Array[] = [];
    for (let done = 0; done < count;) {
      const row = modulo(first + done, columnRows);
      const length = Math.min(columnRows - row, count - done);
      const from = column * columnRows + row;
      runs.push(this.#tokens.slice(from, from + length));
      done += length;
    }
    return runs;
  }
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
