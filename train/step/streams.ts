/**
 * The token streams of a run, cut into batch columns.
 *
 * @module
 */
import { Batches, type Corpus, type Split } from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";
import { evalLengths, evalWarmupLen, type Share, WHOLE } from "../run_plan.ts";

/** Token streams of a run. */
export interface Streams {
  /** Training text. */
  readonly train: Batches;
  /** Validation text; undefined with `--no_eval`. */
  readonly valid: Batches | undefined;
  /** Test text; undefined with `--no_test` or `--no_eval`, which leaves nothing to test. */
  readonly test: Batches | undefined;
}

/** The splits that a run requires: evaluation splits only if it evaluates. */
export function neededSplits({ noEval, noTest }: TrainConfig): readonly Split[] {
  return noEval ? ["train"] : noTest ? ["train", "valid"] : ["train", "valid", "test"];
}

/**
 * Cuts the text of a run: the columns of one process.
 *
 * @throws {DataError} when a split is too short for its batch columns
 */
export function cutStreams(config: TrainConfig, corpus: Corpus, share: Share = WHOLE): Streams {
  const { rank, size: ranks } = share;
  const { batchSize, tgtLen, extLen } = config;
  const train = { batchSize, tgtLen, extLen, name: "train", rank, ranks };
  const evaluated = (split: "valid" | "test") =>
    new Batches(corpus[split], {
      ...evalLengths(config),
      warmupLen: evalWarmupLen(config),
      ofEvaluation: true,
      name: split,
      rank,
      ranks,
    });
  return {
    train: new Batches(corpus.train, train),
    valid: config.noEval ? undefined : evaluated("valid"),
    test: config.noTest || config.noEval ? undefined : evaluated("test"),
  };
}
