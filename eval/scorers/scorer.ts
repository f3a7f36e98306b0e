/**
 * Interface of scorers: a scorer runs segments of text through a model and returns their losses.
 * Evaluations of programs and of training read losses through it.
 *
 * @module
 */
import type { Lengths, Segment } from "@transformer-xl/model";
import type { HostArray } from "@transformer-xl/runtime";

/** Scores of the target tokens of a segment, [T B] in token order. */
export interface TargetScores {
  /** log p of every target, in nats. */
  readonly logProbabilities: readonly number[];
  /** 1 + the number of words with a larger probability. */
  readonly ranks: readonly number[];
}

/** A model that scores segments, one after the other. The caller owns it. */
export interface Scorer extends Disposable {
  /** Lengths of its segments. */
  readonly lengths: Lengths;
  /** Maximum number of segments between two calls of {@link Scorer.losses}. */
  readonly capacity: number;
  /**
   * Submits one segment and advances the memory.
   *
   * @throws {RangeError} when the losses of {@link Scorer.capacity} segments are unread
   */
  run(segment: Segment): void;
  /** Mean losses in nats of the segments since the last call, in order; waits for the device. */
  losses(): Promise<number[]>;
  /** Losses in nats of every token of the latest segment, [T B] in token order. */
  tokenLosses(): Promise<HostArray>;
  /** Clears the memory and discards unread losses; the weights may have changed. */
  reset(): void;
}

/** A scorer that also ranks the targets among all words. */
export interface RankingScorer extends Scorer {
  /** Scores of the segment whose loss was read last. */
  readonly scores: TargetScores;
}

/** Whether a scorer ranks. */
export function isRanking(scorer: Scorer): scorer is RankingScorer {
  return "scores" in scorer;
}
