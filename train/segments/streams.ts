/**
 * The token streams of a run, cut into batch columns.
 *
 * @module
 */
import {
  Batches,
  COMPAT_RULES,
  type Corpus,
  type SegmentSource,
  SentenceBatches,
  ShuffledSentences,
  type Split,
  type WordVocabulary,
  WorkerReader,
} from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";
import { evalLengths, evalWarmupLen, type Share, WHOLE } from "../run_plan.ts";
import { type Epochs, OrderedEpochs, SentenceEpochs } from "./epochs.ts";

/** Token streams of a run. */
export interface Streams {
  /** Training text. */
  readonly train: Epochs;
  /** Validation text; undefined with `--no_eval`. */
  readonly valid: SegmentSource | undefined;
  /** Test text; undefined with `--no_test` or `--no_eval`, which leaves nothing to test. */
  readonly test: SegmentSource | undefined;
}

/** The ids of a text that is cut; sentences need their vocabulary. */
export type CutText =
  & Pick<Corpus, "train" | "valid" | "test" | "sentences">
  & Partial<Pick<Corpus, "vocabulary">>;

/** The splits that a run requires: evaluation splits only if it evaluates. */
export function neededSplits({ noEval, noTest }: TrainConfig): readonly Split[] {
  return noEval ? ["train"] : noTest ? ["train", "valid"] : ["train", "valid", "test"];
}

/**
 * Cuts the text of a run: the columns of one process.
 *
 * @throws {DataError} when a split is too short for its batch columns
 */
export function cutStreams(config: TrainConfig, corpus: CutText, share: Share = WHOLE): Streams {
  return {
    train: trainingEpochs(config, corpus, share),
    valid: config.noEval ? undefined : evaluatedSplit(config, corpus, "valid", share),
    test: config.noTest || config.noEval
      ? undefined
      : evaluatedSplit(config, corpus, "test", share),
  };
}

function trainingEpochs(
  config: TrainConfig,
  { train, sentences, vocabulary }: CutText,
  { rank, size: ranks }: Share,
): Epochs {
  const { batchSize, tgtLen, extLen, seed } = config;
  const settings = { batchSize, tgtLen, extLen, rank, ranks };
  if (sentences === undefined) {
    return new OrderedEpochs(new Batches(train, { ...settings, name: "train" }), config);
  }
  const { keepsSentences: continues } = COMPAT_RULES[config.compat];
  const reader = new WorkerReader(sentences.train, vocabulary as WordVocabulary);
  const shuffled = new ShuffledSentences(reader, { ...settings, seed, carries: continues });
  return new SentenceEpochs(shuffled, { tgtLen, continues });
}

/**
 * The columns of a split that a run evaluates.
 *
 * @throws {DataError} when it is too short for them
 */
export function evaluatedSplit(
  config: TrainConfig,
  corpus: Pick<Corpus, "valid" | "test" | "sentences">,
  split: "valid" | "test",
  { rank, size: ranks }: Share = WHOLE,
): SegmentSource {
  const lengths = { ...evalLengths(config), rank, ranks };
  const names = { ofEvaluation: true, name: split };
  if (corpus.sentences === undefined) {
    return new Batches(corpus[split], { ...lengths, ...names, warmupLen: evalWarmupLen(config) });
  }
  const { keepsSentences: keepsLast } = COMPAT_RULES[config.compat];
  return new SentenceBatches(corpus.sentences[split], { ...lengths, ...names, keepsLast });
}
