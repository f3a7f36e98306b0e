/**
 * Training: configuration, schedules, the step, the loop, checkpoints.
 *
 * @module
 */
export { settingsToContinue } from "./checkpoint_checks.ts";
export * from "./checkpoint.ts";
export { CheckpointFiles } from "./checkpoint_files.ts";
export { splitColumns } from "./chunks.ts";
export {
  checkShares,
  checkTrainConfig,
  modelOf,
  scheduleOf,
  type TrainConfig,
  trainSchema,
} from "./config.ts";
export { type Bucket, BUCKET_LENGTH, bucketsOf } from "./data_parallel/buckets.ts";
export { MOST_UNDER_WAY } from "./data_parallel/gradient_exchange.ts";
export { sharedSpeed, type Speed } from "./data_parallel/shared_numbers.ts";
export type { RunRequest } from "./data_parallel/request.ts";
export { checkFits, type Footprint, footprint, footprintLines } from "./dry_run.ts";
export { examine, type Needs, type Say } from "./doctor/examine.ts";
export { fitChunks } from "./fit_chunks.ts";
export { fitEvaluation, type Followed, followLengths } from "./follow_defaults.ts";
export { rateWarnings } from "./rate_warnings.ts";
export { TRAIN_REFERENCE_FLAGS } from "./reference_flags.ts";
export { continueCurve } from "./resume.ts";
export { fitReport, type MemoryNeed } from "./doctor/fit.ts";
export * from "./events.ts";
export { evalLengths, stepSettings, trainLengths } from "./lengths.ts";
export { type Preset, PRESETS } from "./presets.ts";
export { Reporter, type ReportStyle } from "./report.ts";
export {
  type LossStyle,
  skippedLine,
  stepLine,
  summaryLines,
  testLines,
  throughputOf,
  validationLines,
} from "./report_lines.ts";
export * from "./schedule.ts";
export type { StepMetrics } from "./metric_rings.ts";
export type { StepSettings } from "./step.ts";
export { TrainStep } from "./train_step.ts";
export { cutStreams, type Streams } from "./streams.ts";
export { Trainer } from "./trainer.ts";
export { unscoredLines } from "./unscored_lines.ts";
