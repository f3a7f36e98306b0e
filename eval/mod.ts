/**
 * Evaluation: losses of a checkpoint on text.
 *
 * @module
 */
export { combineResults } from "./combine_results.ts";
export { checkEvalConfig, checkScored, type EvalConfig, evalSchema } from "./config.ts";
export * from "./evaluator.ts";
export { bitsPerCharacterText, perplexityText } from "./loss_text.ts";
export { manualIds } from "./manual.ts";
export * from "./metrics.ts";
export { openText, type TextSettings } from "./open_text.ts";
export { inProcesses, type ProcessRequest, takeGpu } from "./processes.ts";
export { processFields, type ProcessSettings } from "./process_fields.ts";
export { resultLines, SegmentLines } from "./report.ts";
export { selfFiles } from "./self_corpus.ts";
export { openShared, type SharedCheckpoint } from "./shared_checkpoint.ts";
export { modelFacts, startFacts } from "./shared_facts.ts";
