/**
 * The training segments of one process, epoch by epoch, of a text in order or of sentences in random
 * order.
 *
 * @module
 */
import type {
  Batches,
  PlacedSegment,
  Segment,
  SentencePosition,
  ShuffledSentences,
} from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";

/** A segment, and where sentences go on after it; null for a text in order. */
export interface TrainingSegment {
  /** The segment. */
  readonly segment: Segment;
  /** Called when a checkpoint is written. */
  readonly place: () => SentencePosition | null;
}

/** Segments in turn. */
export interface SegmentSequence {
  /** The next segment, at once unless a file has to be waited for; undefined after the last one. */
  next(): TrainingSegment | undefined | Promise<TrainingSegment | undefined>;
}

/** A place in an epoch. */
export interface EpochPlace {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** First row of the last segment that was used; null before the first. */
  readonly lastStart: number | null;
  /** Where sentences go on; null at the start of a run. */
  readonly sentences: SentencePosition | null;
}

/** Training segments. */
export interface Epochs extends Disposable {
  /** Number of this process's first column. */
  readonly firstColumn: number;
  /** Whether the columns of an epoch continue those of the epoch before. */
  readonly continues: boolean;
  /** Pairs of input and target that the last whole epoch left out, and all of its pairs. */
  readonly dropped: { readonly pairs: number; readonly all: number };
  /** The number of segments that log lines show. */
  readonly batchCount: number;
  /** Number of a segment in its epoch, from 1. */
  numberOf(segment: Segment): number;
  /**
   * The segments of an epoch after a place.
   *
   * @throws {DataError} from the segments, when a file of sentences cannot be read
   */
  after(place: EpochPlace): SegmentSequence;
  /** Begins to read what the segments after a place need first. */
  readAhead(place: EpochPlace): void;
}

/** A text in order. */
export class OrderedEpochs implements Epochs {
  readonly continues = false;
  readonly dropped = { pairs: 0, all: 0 };
  readonly #batches: Batches;
  readonly #config: Pick<TrainConfig, "seed" | "roll" | "varlen">;

  constructor(batches: Batches, config: Pick<TrainConfig, "seed" | "roll" | "varlen">) {
    this.#batches = batches;
    this.#config = config;
  }

  get firstColumn(): number {
    return this.#batches.firstColumn;
  }

  get batchCount(): number {
    return this.#batches.batchCount;
  }

  numberOf(segment: Segment): number {
    return this.#batches.numberOf(segment);
  }

  after({ epoch, lastStart }: EpochPlace): SegmentSequence {
    const { seed, roll, varlen } = this.#config;
    if (roll) this.#batches.roll(seed, epoch);
    if (varlen) this.#batches.vary(seed, epoch);
    const segments = this.#batches.segmentsAfter(lastStart);
    const place = () => null;
    return {
      next() {
        const { value: segment, done } = segments.next();
        return done ? undefined : { segment, place };
      },
    };
  }

  /** The text is in memory. */
  readAhead(): void {}

  /** Nothing is open. */
  [Symbol.dispose](): void {}
}

/** Sentences in random order. */
export class SentenceEpochs implements Epochs {
  readonly continues: boolean;
  readonly #sentences: ShuffledSentences;
  readonly #tgtLen: number;

  constructor(
    sentences: ShuffledSentences,
    { tgtLen, continues }: { readonly tgtLen: number; readonly continues: boolean },
  ) {
    this.continues = continues;
    this.#sentences = sentences;
    this.#tgtLen = tgtLen;
  }

  get firstColumn(): number {
    return this.#sentences.firstColumn;
  }

  get batchCount(): number {
    return this.#sentences.batchCount;
  }

  get dropped(): { readonly pairs: number; readonly all: number } {
    return { pairs: this.#sentences.dropped, all: this.#sentences.pairs };
  }

  numberOf(segment: Segment): number {
    return this.#sentences.numberOf(segment);
  }

  after({ epoch, lastStart, sentences }: EpochPlace): SegmentSequence {
    const start = lastStart === null ? 0 : lastStart + this.#tgtLen;
    const segments = this.#sentences.epoch(epoch, start, sentences ?? undefined);
    const named = (next: PlacedSegment | undefined) =>
      next && { segment: next.segment, place: next.position };
    return {
      next() {
        const next = segments.next();
        return next instanceof Promise ? next.then(named) : named(next);
      },
    };
  }

  readAhead({ epoch, sentences }: EpochPlace): void {
    this.#sentences.readAhead(epoch, sentences ?? undefined);
  }

  [Symbol.dispose](): void {
    this.#sentences[Symbol.dispose]();
  }
}
