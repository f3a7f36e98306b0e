/**
 * Training: configuration, schedules, the step, the loop, checkpoints.
 *
 * @module
 */
export { settingsToContinue } from "./checkpoint/checkpoint_checks.ts";
export * from "./checkpoint/training_checkpoint.ts";
export { CheckpointFiles } from "./checkpoint/checkpoint_files.ts";
export { timeName, withRunFolder } from "./checkpoint/run_folder.ts";
export { splitColumns } from "./step/split_columns.ts";
export { type TrainConfig, trainSchema } from "./config.ts";
export { checkShares, checkTrainConfig } from "./settings/check_config.ts";
export { type Bucket, BUCKET_LENGTH, bucketsOf } from "./data_parallel/buckets.ts";
export { MAX_IN_FLIGHT } from "./data_parallel/gradient_exchange.ts";
export { sharedSpeed, type Speed } from "./data_parallel/shared_numbers.ts";
export type { RunRequest } from "./data_parallel/request.ts";
export {
  checkFits,
  countParameters,
  type Footprint,
  footprint,
  footprintLines,
  type FootprintOptions,
} from "./footprint.ts";
export { type ExportFlags, exportSchema } from "./exchange/export_config.ts";
export { exportCheckpoint } from "./exchange/export_main.ts";
export { importSchema } from "./exchange/import_config.ts";
export { importModel } from "./exchange/import_main.ts";
export { examine, type Needs, type Print } from "./doctor/examine.ts";
export { fitChunks, type FittedRun } from "./settings/fit_chunks.ts";
export {
  type Configured,
  configureTraining,
  type Given,
  readGiven,
  trainingYaml,
} from "./configuration/configure.ts";
export {
  isPlannedWithoutText,
  publishedModel,
  publishedSize,
} from "./configuration/published_model.ts";
export { type OpenedDevice, openTrainingDevice } from "./configuration/plan_on_device.ts";
export { fitEvaluation, type Followed, followSettings } from "./settings/follow_defaults.ts";
export { rateWarnings } from "./settings/rate_warnings.ts";
export { settingWarnings } from "./settings/setting_warnings.ts";
export { TRAIN_REFERENCE_FLAGS } from "./settings/reference_flags.ts";
export { checkContinues, continueCurve, continuedProgress } from "./checkpoint/resume.ts";
export { openInitial } from "./fine_tuning/initial_checkpoint.ts";
export { initialModel, type InitialWeights } from "./fine_tuning/initial_model.ts";
export { checkInitial, initialSettings } from "./fine_tuning/initial_settings.ts";
export { fitReport, type MemoryNeed } from "./doctor/fit.ts";
export * from "./events.ts";
export { type Interrupt, listenForInterrupt } from "./interrupt.ts";
export {
  evalLengths,
  modelOf,
  optimizerOf,
  planRun,
  type RunPlan,
  scheduleOf,
  type Share,
  sparseScheduleOf,
  stepOptions,
  trainLengths,
  withProcesses,
} from "./run_plan.ts";
export { type Preset, PRESETS } from "./presets.ts";
export { DllRecords, type DllRecordStyle } from "./report/followers/dll_records.ts";
export type { RunFollower, RunSummary } from "./report/followers/run_follower.ts";
export {
  canProfile,
  type Profile,
  profiledSteps,
  StepProfiler,
  type StepRange,
} from "./profile/step_profiler.ts";
export { type ReadySegment, StepRunner } from "./profile/step_runner.ts";
export { type ProfileFacts, profileTable } from "./profile/profile_table.ts";
export { type TraceSlice, traceSlices, traceText } from "./profile/trace.ts";
export type { PlanProfile, StepProfile } from "./step/step_profile.ts";
export { type Interval, IntervalMeter } from "./step/interval_meter.ts";
export { Reporter, type ReportStyle } from "./report/report.ts";
export {
  skippedLine,
  stepLine,
  summaryLines,
  testLines,
  throughputOf,
  validationLines,
} from "./report/report_lines.ts";
export { type RunFacts, RunOutputs, type RunPlace } from "./report/run_outputs.ts";
export * from "./schedule.ts";
export type { StepMetrics } from "./step/metric_rings.ts";
export type { PreparedSegment } from "./step/prepared_segment.ts";
export { type StepOptions, type StepRates, TrainStep } from "./step/train_step.ts";
export { Ahead, type DataTimes } from "./segments/ahead.ts";
export { type EndedEpoch, RunSegments, type StepSegment } from "./segments/run_segments.ts";
export { cutStreams, type CutText, type Streams } from "./segments/streams.ts";
export { StartUp } from "./telemetry/start_up.ts";
export { Trainer } from "./trainer.ts";
export { unscoredLines } from "./settings/unscored_lines.ts";
