/**
 * The training segments of a run, one per step, across the ends of its epochs.
 *
 * @module
 */
import type { EpochPlace, Epochs, SegmentSequence, TrainingSegment } from "./epochs.ts";

/** An epoch that ended. */
export interface EndedEpoch {
  /** Starts at 1. */
  readonly epoch: number;
  /** See {@link Epochs.dropped}. */
  readonly dropped: Epochs["dropped"];
}

/** The segment of a step. Everything about it is in it: the epochs may be further than the step. */
export interface StepSegment extends TrainingSegment {
  /** The step, from 1. */
  readonly step: number;
  /** Its epoch, from 1. */
  readonly epoch: number;
  /** Number of the segment in its epoch, from 1. */
  readonly batch: number;
  /** Segments of the epoch that log lines show. */
  readonly batchCount: number;
  /** The epoch that ended before this segment. */
  readonly ended: EndedEpoch | undefined;
}

/** The next segment, at once or later; undefined after the last step. */
type Next = StepSegment | undefined | Promise<StepSegment | undefined>;

/** The segments of the steps of a run. */
export class RunSegments {
  readonly #epochs: Epochs;
  readonly #maxStep: number;
  #place: EpochPlace;
  #step: number;
  /** Those of the epoch that is under way. */
  #segments: SegmentSequence | undefined;
  #lastPlace: TrainingSegment["place"];
  #ended: EndedEpoch | undefined;

  /**
   * @param from steps done, and the place after them
   * @param maxStep last step
   */
  constructor(epochs: Epochs, from: EpochPlace & { readonly step: number }, maxStep: number) {
    this.#epochs = epochs;
    this.#maxStep = maxStep;
    this.#place = from;
    this.#step = from.step;
    this.#lastPlace = () => from.sentences;
  }

  /**
   * The segment of the next step, at once where the text is in memory; undefined after the last step.
   *
   * @throws {DataError} when a file of sentences cannot be read
   */
  next(): Next {
    if (this.#step >= this.#maxStep) return undefined;
    this.#segments ??= this.#epochs.after(this.#place);
    const taken = this.#segments.next();
    return taken instanceof Promise
      ? taken.then((part) => this.#accept(part))
      : this.#accept(taken);
  }

  #accept(part: TrainingSegment | undefined): Next {
    const { epoch } = this.#place;
    if (part === undefined) {
      this.#ended = { epoch, dropped: this.#epochs.dropped };
      this.#place = { epoch: epoch + 1, lastStart: null, sentences: this.#lastPlace() };
      this.#segments = undefined;
      return this.next();
    }
    const ended = this.#ended;
    this.#ended = undefined;
    this.#lastPlace = part.place;
    this.#step++;
    const { batchCount } = this.#epochs;
    const batch = this.#epochs.numberOf(part.segment);
    return { ...part, step: this.#step, epoch, batch, batchCount, ended };
  }
}
