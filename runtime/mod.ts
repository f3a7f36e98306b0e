/**
 * Values, shapes, recorder, autograd, planner, plans and devices: a small record-and-replay
 * runtime over WebGPU that knows nothing of neural networks.
 *
 * @module
 */
export * from "./autograd.ts";
export * from "./cli.ts";
export * from "./device.ts";
export * from "./driver_check.ts";
export * from "./dry_device.ts";
export * from "./dtype.ts";
export * from "./elementwise.ts";
export { JsonFault, type JsonLimits, parseGuardedJson } from "./base/guarded_json.ts";
export { oneLine, quoted } from "./base/one_line.ts";
export * from "./errors.ts";
export { isFiniteData } from "./finite_data.ts";
export * from "./executor.ts";
export * from "./fan_in.ts";
export * from "./gpu_adapter.ts";
export * from "./gpu_device.ts";
export type { GpuStorage } from "./gpu_storage.ts";
export * from "./kernel.ts";
export {
  assignGpus,
  type GpuRequest,
  listAdapters,
  type ListedAdapter,
  selectGpu,
} from "./launcher/gpus.ts";
export { launch, type LaunchOptions } from "./launcher/launch.ts";
export type { ShowRanks } from "./launcher/rank_process.ts";
export { runRank } from "./launcher/run_rank.ts";
export { sameProgram } from "./launcher/same_program.ts";
export { joinLauncher, type LauncherLink } from "./launcher/supervised.ts";
export type { FailureOrigin } from "./launcher/wire.ts";
export * from "./logical_io.ts";
export { fixed, scientific } from "./logs/number_text.ts";
export * from "./op.ts";
export * from "./open_device.ts";
export * from "./params.ts";
export * from "./philox.ts";
export type { Backend, ProcessGroup } from "./process_group/process_group.ts";
export {
  BACKEND_CHOICES,
  type BackendChoice,
  openGroup,
  type OpenGroupOptions,
} from "./process_group/open_group.ts";
export {
  type Launcher,
  type RankEnvironment,
  rankEnvironment,
  type ReadVariable,
} from "./process_group/rank_environment.ts";
export type { Transport } from "./process_group/ring_links.ts";
export { allSucceed, decideOnFirst, firstThenOthers } from "./process_group/decide.ts";
export { sweepFolders } from "./process_group/ring_folder.ts";
export { type JobIdentity, jobIdentity } from "./process_group/job_token.ts";
export {
  assertSameFacts,
  factDifference,
  type Facts,
  PROGRAM_VERSION,
  settingFacts,
} from "./process_group/same_facts.ts";
export { SoloGroup } from "./process_group/solo_group.ts";
export {
  type HostOf,
  type OpTime,
  Plan,
  type PlanInputs,
  type PlanOutputs,
  type RunValues,
} from "./plan.ts";
export * from "./planner.ts";
export { type ByteRange, Readback } from "./readback.ts";
export * from "./recorder.ts";
export * from "./reference_device.ts";
export * from "./shape.ts";
export { measureSpeeds, type Speeds } from "./speeds.ts";
export * from "./target.ts";
export * from "./tensor.ts";
export * from "./atomic_file.ts";
export * from "./files/folder_lock.ts";
export * from "./files/system_reason.ts";
export * from "./files/user_path.ts";
export * from "./flag_help.ts";
export {
  type FlagLayers,
  type FlagOrigin,
  type ParsedFlags,
  parseFlags,
  scanFlags,
  wantsHelp,
} from "./flags.ts";
export { JsonLog, type JsonLogOptions, namedNonFinite } from "./json_log.ts";
export type { LogFileOptions } from "./logs/line_file.ts";
export * from "./machine/stop_signals.ts";
export { warn } from "./logs/standard_streams.ts";
export { flagName, type FlagSpec, flagSpecs } from "./flag_spec.ts";
export { readConfigFile } from "./flags/config_file.ts";
export * from "./flags/foreign_flag.ts";
export * from "./flags/path_value.ts";
export * from "./flags/quote.ts";
export * from "./nearest_name.ts";
export { ProgressLine, progressText, type Terminal } from "./progress.ts";
export * from "./safetensors.ts";
export { scalarOf, type ScalarValues, workgroupsOf } from "./scalars.ts";
export * from "./text_log.ts";
