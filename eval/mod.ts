/**
 * Evaluation: losses of a checkpoint on text.
 *
 * @module
 */
export { Backlog } from "./backlog.ts";
export { combineResults } from "./combine_results.ts";
export { checkScored, type EvalConfig, evalSchema } from "./config.ts";
export {
  type Coverage,
  type CoverageFlags,
  coverageLine,
  coverageOf,
  type CoverageSettings,
} from "./report/coverage.ts";
export * from "./evaluator.ts";
export {
  BEST_CHECKPOINT,
  findCheckpoint,
  LAST_CHECKPOINT,
  lastForBest,
} from "./find_checkpoint.ts";
export { fitLengths, type FitSettings, fittedLine } from "./settings/fit_lengths.ts";
export {
  bitsPerCharacterText,
  type LossStyle,
  lossText,
  perplexityText,
} from "./report/loss_text.ts";
export { type ManualText, manualText } from "./text/manual.ts";
export * from "./metrics.ts";
export { openScorer, SCORER_TYPES, type ScorerType } from "./scorers/open_scorer.ts";
export { PlanScorer } from "./scorers/plan_scorer.ts";
export type { Scorer } from "./scorers/scorer.ts";
export { EVAL_REFERENCE_FLAGS, sharedReferenceFlags } from "./settings/reference_flags.ts";
export { bannerLine, resultLines, RULE, segmentLine } from "./report/report.ts";
export {
  type Achieved,
  compareTargets,
  targetLines,
  type TargetResult,
  type Targets,
} from "./report/targets.ts";
export { combineMeans, type SegmentMeans, SegmentMeter } from "./report/segment_meter.ts";
