/**
 * The token streams of a run, cut into batch columns.
 *
 * @module
 */
import { Batches, type Corpus, type Lengths, type Split } from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";
import { evalLengths, evalWarmupLen, type Share, trainLengths, WHOLE } from "../run_plan.ts";

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
 * @throws {DataError} when a part is too short for its batch columns
 */
export function cutStreams(config: TrainConfig, corpus: Corpus, share: Share = WHOLE): Streams {
  const whole = evalLengths(config);
  const warmupLen = evalWarmupLen(config);
  const evaluated = (part: "valid" | "test") =>
    cut(corpus[part], part, whole, share, { warmupLen, ofEvaluation: true });
  return {
    train: cut(corpus.train, "train", trainLengths(config), share, {
      warmupLen: 0,
      ofEvaluation: false,
    }),
    valid: config.noEval ? undefined : evaluated("valid"),
    test: config.noTest || config.noEval ? undefined : evaluated("test"),
  };
}

function cut(
  text: Uint32Array,
  name: string,
  { batchSize, tgtLen: tgtLen, extLen: extLen }: Lengths,
  { rank, size: ranks }: Share,
  { warmupLen, ofEvaluation }: {
    readonly warmupLen: number;
    readonly ofEvaluation: boolean;
  },
): Batches {
  return new Batches(text, {
    batchSize,
    tgtLen: tgtLen,
    extLen: extLen,
    warmupLen: warmupLen,
    ofEvaluation,
    name,
    rank,
    ranks,
  });
}
