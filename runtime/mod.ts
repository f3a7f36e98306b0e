/**
 * Recording, differentiation, memory planning and replay of WebGPU kernels, with the flags, files,
 * logs and processes that its programs share. It knows nothing of neural networks.
 *
 * @module
 */
export * from "./autograd/backward.ts";
export * from "./flags/run_cli.ts";
export * from "./plan/device.ts";
export * from "./gpu/self_test/self_test.ts";
export * from "./gpu/dry_device.ts";
export * from "./tensor/dtype.ts";
export * from "./record/elementwise.ts";
export { JsonFault, type JsonLimits, parseGuardedJson } from "./base/guarded_json.ts";
export { oneLine, quoted } from "./base/one_line.ts";
export * from "./base/errors.ts";
export { hashName } from "./base/hash.ts";
export { isFiniteData, isNonNegativeData } from "./files/safetensors/finite_data.ts";
export * from "./plan/executable.ts";
export * from "./autograd/add.ts";
export * from "./gpu/adapter.ts";
export * from "./gpu/gpu_device.ts";
export type { GpuStorage } from "./gpu/gpu_buffer.ts";
export * from "./record/kernel.ts";
export {
  assignGpus,
  type GpuRequest,
  listAdapters,
  type ListedAdapter,
  selectGpu,
} from "./machine/select_gpu.ts";
export { launch, type LaunchOptions } from "./distributed/launcher/launch.ts";
export type { ShowRanks } from "./distributed/launcher/rank_process.ts";
export { runRank } from "./distributed/launcher/run_rank.ts";
export { sameProgram } from "./distributed/launcher/same_program.ts";
export { joinLauncher, type LauncherLink } from "./distributed/launcher/supervised.ts";
export type { FailureOrigin } from "./distributed/launcher/wire.ts";
export * from "./params/parameter_io.ts";
export { fixed, scientific } from "./logs/number_text.ts";
export * from "./record/op.ts";
export * from "./open_device.ts";
export * from "./params/parameter.ts";
export * from "./params/parameter_store.ts";
export * from "./random/philox.ts";
export { formatBytes, formatClock, formatSeconds } from "./base/format.ts";
export { writeAll, writeAllSync } from "./files/write_all.ts";
export type { Backend, ProcessGroup } from "./distributed/process_group.ts";
export {
  BACKEND_CHOICES,
  type BackendChoice,
  openGroup,
  type OpenGroupOptions,
} from "./distributed/open_group.ts";
export {
  type Launcher,
  type RankEnvironment,
  rankEnvironment,
  type ReadVariable,
} from "./distributed/rank_environment.ts";
export type { Transport } from "./distributed/ring/ring_links.ts";
export { allSucceed, decideOnFirst, firstThenOthers } from "./distributed/decide.ts";
export { sweepFolders } from "./distributed/ring/ring_folder.ts";
export { type JobIdentity, jobIdentity } from "./distributed/job_token.ts";
export {
  assertSameFacts,
  factDifference,
  type Facts,
  PROGRAM_VERSION,
  settingFacts,
} from "./distributed/same_facts.ts";
export { SoloGroup } from "./distributed/solo_group.ts";
export {
  type HostOf,
  type OpTime,
  Plan,
  type PlanInputs,
  type PlanOutputs,
  type RunValues,
} from "./plan/plan.ts";
export * from "./plan/memory_planner.ts";
export { type ByteRange, Readback } from "./gpu/readback.ts";
export * from "./record/recorder.ts";
export * from "./reference/reference_device.ts";
export * from "./tensor/shape.ts";
export { measureSpeeds, type Speeds } from "./machine/speeds.ts";
export * from "./tensor/device_limits.ts";
export * from "./tensor/tensor.ts";
export * from "./files/atomic_file.ts";
export * from "./files/folder_lock.ts";
export * from "./files/system_reason.ts";
export * from "./files/user_path.ts";
export * from "./flags/help.ts";
export {
  type FlagLayers,
  type FlagOrigin,
  type ParsedFlags,
  parseFlags,
  scanFlags,
  wantsHelp,
} from "./flags/parse.ts";
export { JsonLog, namedNonFinite } from "./logs/json_log.ts";
export type { LogFileOptions } from "./logs/line_file.ts";
export * from "./flags/stop_signals.ts";
export { warn } from "./logs/standard_streams.ts";
export { flagName, type FlagSpec, flagSpecs } from "./flags/spec.ts";
export { readConfigFile } from "./flags/config_file.ts";
export * from "./flags/foreign_flag.ts";
export * from "./flags/path_value.ts";
export * from "./flags/quote.ts";
export * from "./flags/nearest_name.ts";
export { ProgressLine, progressText, type Terminal } from "./logs/progress_line.ts";
export * from "./files/safetensors/reader.ts";
export { scalarOf, type ScalarValues, workgroupsOf } from "./plan/scalar_values.ts";
export * from "./logs/text_log.ts";
export { processFields, type ProcessSettings } from "./distributed/process_flags.ts";
export { inProcesses, type ProcessRequest, takeGpu } from "./distributed/run_in_processes.ts";
