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
} from "./coverage.ts";
export * from "./evaluator.ts";
export { findCheckpoint, lastForBest } from "./find_checkpoint.ts";
export { fitLengths, type FitSettings, fittedLine } from "./fit_lengths.ts";
export { bitsPerCharacterText, perplexityText } from "./loss_text.ts";
export { manualIds, type ManualText, manualText } from "./manual.ts";
export * from "./metrics.ts";
export { openText, type TextSelection, type TextSettings } from "./open_text.ts";
export { inProcesses, type ProcessRequest, takeGpu } from "./processes.ts";
export { processFields, type ProcessSettings } from "./process_fields.ts";
export { EVAL_REFERENCE_FLAGS, sharedReferenceFlags } from "./reference_flags.ts";
export { bannerLine, resultLines, segmentLine } from "./report.ts";
export { combineMeans, type SegmentMeans, SegmentMeter } from "./segment_meter.ts";
export { selfFiles } from "./self_corpus.ts";
export { openShared, type SharedCheckpoint } from "./shared_checkpoint.ts";
export { modelFacts, sharedSettings, startFacts } from "./shared_facts.ts";
