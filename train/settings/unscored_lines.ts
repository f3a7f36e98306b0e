/**
 * Log lines about tokens that evaluations do not score.
 *
 * @module
 */
import { coverageLine, coverageOf, sentenceCoverageOf } from "@transformer-xl/eval";
import { type Corpus, SentenceBatches, sentenceCount } from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";
import { evalLengths, evalWarmupLen } from "../run_plan.ts";
import { evaluatedSplit } from "../segments/streams.ts";

const FLAGS = {
  batchSize: "--eval_batch_size",
  memLen: "--mem_len",
  maxSegments: "--eval_max_steps",
};

/**
 * A line for each evaluated text with avoidably unscored tokens: those that only fill the memory,
 * follow the last segment, or are sentences that do not fill a batch.
 */
export function unscoredLines(
  config: TrainConfig,
  corpus: Pick<Corpus, "valid" | "test" | "sentences">,
): string[] {
  const { noEval, noTest, evalMaxSteps } = config;
  const { batchSize, tgtLen } = evalLengths(config);
  const splits = noEval ? [] : noTest ? ["valid"] as const : ["valid", "test"] as const;
  return splits.flatMap((split) => {
    const maxSegments = evalMaxSteps > 0 ? evalMaxSteps : undefined;
    const cut = { tokens: corpus[split].length, batchSize, tgtLen, maxSegments };
    const batches = evaluatedSplit(config, corpus, split);
    if (batches instanceof SentenceBatches) {
      const sentences = sentenceCount(corpus.sentences![split]);
      const { scoredTokens } = batches;
      const coverage = sentenceCoverageOf({ ...cut, sentences, scoredTokens });
      const { beyond, rest } = coverage;
      return beyond + rest > 0 ? [coverageLine(split, coverage, FLAGS)] : [];
    }
    const coverage = coverageOf({ ...cut, warmupLen: evalWarmupLen(config) });
    return coverage.fill + coverage.beyond > 0 ? [coverageLine(split, coverage, FLAGS)] : [];
  });
}
