/**
 * The training segments of files of sentences in random order. One file is in memory, and the next
 * one is read meanwhile. Where the reference drops the batch that the last sentences of a file leave
 * incomplete, columns can go on with the next file instead, and after the last file with the next
 * epoch.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import type { Segment } from "../batches/batches.ts";
import { type ColumnSettings, SentenceColumns } from "./sentence_columns.ts";
import {
  sentenceAt,
  sentenceCount,
  type SentenceCounts,
  type SentenceList,
} from "./sentence_list.ts";
import { type FileTurn, SentenceOrder } from "./sentence_order.ts";

/** A place in the training text, after a segment. A run that continues from it sees the same segments. */
export interface SentencePosition {
  /** The epoch of the next sentence, from 1. */
  readonly epoch: number;
  /** Its file, by turn in this epoch. */
  readonly turn: number;
  /** Its number in the order of the file. */
  readonly sentence: number;
  /** Pairs of input and target that were dropped since the epoch began. */
  readonly dropped: number;
  /** Tokens that every column has left. */
  readonly rests: readonly (readonly number[])[];
  /** Rows of inputs that the next ones repeat, [rows, columns]. */
  readonly before: readonly number[];
}

/** A segment, and where the text goes on after it. */
export interface PlacedSegment {
  /** The segment. */
  readonly segment: Segment;
  /** The place after it. */
  readonly position: () => SentencePosition;
}

/** Options of training segments. */
export interface ShuffledSettings extends ColumnSettings {
  /** The seed of the run. */
  readonly seed: number;
  /** Whether columns go on after the end of a file; otherwise an incomplete batch is dropped. */
  readonly carries: boolean;
}

/** A training text in files. */
export interface SentenceFiles extends Disposable {
  /** Sizes of the files. */
  readonly files: readonly SentenceCounts[];
  /**
   * Reads file `n`.
   *
   * @throws {DataError} when it cannot be read
   */
  read(n: number): Promise<SentenceList>;
}

/** Training segments of one rank, epoch by epoch. */
export class ShuffledSentences implements Disposable {
  /** Number of this rank's first column. */
  readonly firstColumn: number;
  readonly #text: SentenceFiles;
  readonly #settings: ShuffledSettings;
  readonly #order: SentenceOrder;
  #dropped = 0;
  /** The turn that is read ahead. */
  #ahead: (Omit<Place, "sentence"> & { readonly opened: Promise<OpenedFile> }) | undefined;

  /**
   * @throws {DataError} if no file fills a batch
   * @throws {ConfigError} if this rank would get no column
   */
  constructor(text: SentenceFiles, settings: ShuffledSettings) {
    this.#text = text;
    this.#settings = settings;
    this.firstColumn = new SentenceColumns(settings).firstColumn;
    const sentences = text.files.map((file) => file.sentences);
    this.#order = new SentenceOrder({ seed: settings.seed, sentences });
    const { batchSize, tgtLen, carries } = settings;
    const most = text.files.reduce((most, file) => Math.max(most, pairsOf(file)), 0);
    if ((carries ? this.pairs : most) < batchSize * tgtLen) throw tooShort(settings);
  }

  /** Pairs of input and target that were dropped in the last whole epoch. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Pairs of input and target in all sentences. */
  get pairs(): number {
    return this.#text.files.reduce((sum, file) => sum + pairsOf(file), 0);
  }

  /** Segments of an epoch, counted from the sentences: a few less where batches are dropped. */
  get batchCount(): number {
    const { batchSize, tgtLen } = this.#settings;
    return Math.ceil(this.pairs / (batchSize * tgtLen));
  }

  /** Number of a segment in its epoch, from 1. */
  numberOf({ start }: Pick<Segment, "start">): number {
    return 1 + start / this.#settings.tgtLen;
  }

  /**
   * The segments of an epoch after one of them.
   *
   * @param start first row of the next segment
   * @param position the place after the last segment of the run; undefined at its start
   * @throws {DataError} from the segments, when a file cannot be read or has changed, or none fills a
   * batch
   */
  epoch(epoch: number, start: number, position: SentencePosition | undefined): SentenceSegments {
    return new SentenceSegments(this.#cut(epoch, start, position));
  }

  /** Begins to read the file that {@link epoch} takes first. */
  readAhead(epoch: number, position: SentencePosition | undefined): void {
    this.#openAhead(placeIn(epoch, position));
  }

  /** Stops reading. */
  [Symbol.dispose](): void {
    this.#text[Symbol.dispose]();
  }

  *#cut(epoch: number, start: number, position: SentencePosition | undefined): Cutting {
    const { carries, tgtLen } = this.#settings;
    const isWithin = position !== undefined && position.epoch >= epoch;
    let place = placeIn(epoch, position);
    let dropped = isWithin ? position.dropped : 0;
    let columns = new SentenceColumns(this.#settings, isWithin || carries ? position : undefined);
    for (let row = start; place.epoch === epoch || columns.begun || row === 0;) {
      const opened = this.#open(place);
      if (opened === undefined) { // after the last file
        if (!carries && row === 0) throw tooShort(this.#settings);
        if (!carries || !columns.begun && row > 0) break;
        place = { epoch: place.epoch + 1, turn: 0, sentence: 0 };
        continue;
      }
      const { list, order } = yield opened;
      this.#openAfter(place);
      const { epoch: ofFile, turn } = place;
      let { sentence } = place;
      const next = () => sentence < order.length ? sentenceAt(list, order[sentence++]!) : undefined;
      while (columns.fill(next)) {
        const segment = columns.take(row);
        const { rests, before } = columns.state;
        const reached = { epoch: ofFile, turn, sentence, dropped };
        const arrays = () => ({
          rests: rests.map((rest) => Array.from(rest)),
          before: Array.from(before),
        });
        yield { segment, position: () => ({ ...reached, ...arrays() }) };
        row += tgtLen;
        if (ofFile > epoch) return;
      }
      if (!carries) {
        dropped += columns.pending;
        columns = new SentenceColumns(this.#settings);
      }
      place = { epoch: ofFile, turn: turn + 1, sentence: 0 };
    }
    this.#dropped = dropped;
  }

  #open(place: Place): Promise<OpenedFile> | undefined {
    const { epoch, turn } = place;
    if (this.#ahead?.epoch === epoch && this.#ahead.turn === turn) return this.#ahead.opened;
    const drawn = this.#order.turn(epoch, turn);
    return drawn && this.#read(drawn);
  }

  /** Begins to read the file after that of `place`. */
  #openAfter({ epoch, turn }: Place): void {
    const isLast = turn + 1 === this.#text.files.length;
    this.#openAhead(isLast ? { epoch: epoch + 1, turn: 0 } : { epoch, turn: turn + 1 });
  }

  #openAhead({ epoch, turn }: Omit<Place, "sentence">): void {
    const drawn = this.#order.turn(epoch, turn);
    if (drawn === undefined) return; // a place after the last file
    const opened = this.#read(drawn);
    opened.catch(() => {}); // reported when its turn comes
    this.#ahead = { epoch, turn, opened };
  }

  async #read({ file, order }: FileTurn): Promise<OpenedFile> {
    const list = await this.#text.read(file);
    if (sentenceCount(list) === order.length) return { list, order };
    throw new DataError(
      `Cannot read file ${file + 1} of the training text: it has ${sentenceCount(list)} ` +
        `sentences and had ${order.length} at the start; leave the text as it is during a run`,
    );
  }
}

/** Segments, and files that are waited for and handed back. */
type Cutting = Generator<PlacedSegment | Promise<OpenedFile>, void, OpenedFile>;

/** The segments of an epoch. */
export class SentenceSegments implements AsyncIterable<PlacedSegment> {
  readonly #cutting: Cutting;

  /** See {@link ShuffledSentences.epoch}. */
  constructor(cutting: Cutting) {
    this.#cutting = cutting;
  }

  /**
   * The next segment, at once unless a file has to be waited for; undefined after the last one.
   *
   * @throws {DataError} see {@link ShuffledSentences.epoch}
   */
  next(): PlacedSegment | undefined | Promise<PlacedSegment | undefined> {
    return this.#accept(this.#cutting.next());
  }

  /** All segments. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PlacedSegment, void, undefined> {
    for (let next = await this.next(); next !== undefined; next = await this.next()) yield next;
  }

  #accept({ value }: ReturnType<Cutting["next"]>): ReturnType<SentenceSegments["next"]> {
    if (!(value instanceof Promise)) return value ?? undefined;
    return value.then((file) => this.#accept(this.#cutting.next(file)));
  }
}

/** The next sentence. */
type Place = Pick<SentencePosition, "epoch" | "turn" | "sentence">;

/** Where an epoch goes on; at its start unless `position` is in it, or in the one after it. */
function placeIn(epoch: number, position: SentencePosition | undefined): Place {
  return position !== undefined && position.epoch >= epoch
    ? position
    : { epoch, turn: 0, sentence: 0 };
}

/** A file that was read, with the order of its sentences. */
interface OpenedFile {
  readonly list: SentenceList;
  readonly order: Uint32Array;
}

/** Pairs of input and target: every token of a sentence but the last is an input. */
function pairsOf({ sentences, tokens }: SentenceCounts): number {
  return tokens - sentences;
}

function tooShort({ batchSize, tgtLen, carries }: ShuffledSettings): DataError {
  return new DataError(
    `Cannot cut "train" into ${batchSize} columns of ${tgtLen} rows: ` +
      `${carries ? "its sentences do not" : "none of its files does"} fill a batch`,
    { need: "more text or a smaller batch" },
  );
}
