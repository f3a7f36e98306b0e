/**
 * Log lines about tokens that evaluations do not score.
 *
 * @module
 */
import { coverageLine, coverageOf } from "@transformer-xl/eval";
import type { Corpus } from "@transformer-xl/model";
import type { TrainConfig } from "../config.ts";
import { evalLengths, evalWarmupLen } from "../run_plan.ts";

const FLAGS = {
  batchSize: "--eval_batch_size",
  memLen: "--mem_len",
  maxSegments: "--eval_max_steps",
};

/**
 * A line for each evaluated text with avoidably unscored tokens: those that only fill the memory,
 * or follow the last segment.
 */
export function unscoredLines(
  config: TrainConfig,
  corpus: Pick<Corpus, "valid" | "test">,
): string[] {
  const { noEval, noTest, evalMaxSteps } = config;
  const { batchSize, tgtLen } = evalLengths(config);
  const splits = noEval ? [] : noTest ? ["valid"] as const : ["valid", "test"] as const;
  return splits.flatMap((split) => {
    const coverage = coverageOf({
      tokens: corpus[split].length,
      batchSize,
      tgtLen,
      warmupLen: evalWarmupLen(config),
      maxSegments: evalMaxSteps > 0 ? evalMaxSteps : undefined,
    });
    return coverage.fill + coverage.beyond > 0 ? [coverageLine(split, coverage, FLAGS)] : [];
  });
}
