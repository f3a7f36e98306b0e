/**
 * Values, shapes, recorder, autograd, planner, plans and devices: a small record-and-replay
 * runtime over WebGPU that knows nothing of neural networks.
 *
 * @module
 */
export * from "./core.ts";
export { openDevice } from "./open_on_cores.ts"; // that of core.ts, with threads
export { coresOfRank, cpuThreads } from "./machine/cpu_threads.ts";
export { allSucceed, decideOnFirst, firstThenOthers } from "./distributed/decide.ts";
export { gatherNumbers } from "./distributed/gather_numbers.ts";
export { type JobIdentity, jobIdentity } from "./distributed/job_token.ts";
export { launch, type LaunchOptions } from "./distributed/launcher/launch.ts";
export type { ShowRanks } from "./distributed/launcher/rank_process.ts";
export { NOT_PASSED, runMain } from "./distributed/launcher/run_main.ts";
export { sameProgram } from "./distributed/launcher/same_program.ts";
export { joinLauncher, type LauncherLink } from "./distributed/launcher/supervised.ts";
export type { FailureOrigin } from "./distributed/launcher/wire.ts";
export {
  BACKEND_CHOICES,
  type BackendChoice,
  openGroup,
  type OpenGroupOptions,
} from "./distributed/open_group.ts";
export { processFields, type ProcessSettings } from "./distributed/process_flags.ts";
export type { Backend, ProcessGroup } from "./distributed/process_group.ts";
export {
  type Launcher,
  type RankEnvironment,
  rankEnvironment,
  type ReadVariable,
} from "./distributed/rank_environment.ts";
export type { Transport } from "./distributed/ring/ring_links.ts";
export { inProcesses, type ProcessRequest, takeGpu } from "./distributed/run_in_processes.ts";
export {
  assertSameFacts,
  factDifference,
  type Facts,
  PROGRAM_VERSION,
  settingFacts,
} from "./distributed/same_facts.ts";
export { SoloGroup } from "./distributed/solo_group.ts";
export * from "./files/atomic_file.ts";
export { FileFault } from "./files/file_fault.ts";
export * from "./files/scratch_file.ts";
export { exists, fileInfo } from "./files/file_info.ts";
export * from "./files/folder_lock.ts";
export {
  encodePickle,
  orderedDict,
  PersistentId,
  PythonCall,
  PythonFloat,
  PythonName,
  PythonObject,
  PythonTuple,
  type PythonValue,
} from "./files/pytorch/pickle_writer.ts";
export { TorchTensors, writeTorchFile } from "./files/pytorch/torch_writer.ts";
export {
  type PlacedMember,
  placeMembers,
  zipDirectory,
  type ZipMember,
} from "./files/zip/stored_zip.ts";
export { replaceFile } from "./files/replace_file.ts";
export { floatsOf, isWeightDtype, type WeightDtype } from "./files/pytorch/float_pieces.ts";
export {
  attributesOf,
  PickleClass,
  PickleObject,
  type PickleValue,
} from "./files/pytorch/pickle/pickle_values.ts";
export { TorchFile } from "./files/pytorch/torch_file.ts";
export { TorchStorage, TorchTensor, type TorchView } from "./files/pytorch/torch_tensor.ts";
export {
  type Attribute,
  ONNX_TYPES,
  type OnnxDims,
  OnnxGraph,
  type OnnxType,
  type OnnxWeight,
  type Value,
} from "./files/onnx/graph.ts";
export type { LateBytes } from "./files/protobuf/message.ts";
export { type OnnxContent, OnnxFile } from "./files/onnx/onnx_file.ts";
export { EXTERNAL_FROM_BYTES, type OnnxModelOptions, writeOnnx } from "./files/onnx/write_onnx.ts";
export * from "./files/safetensors/file.ts";
export * from "./files/safetensors/writer.ts";
export * from "./files/system_reason.ts";
export * from "./files/temporary_folder.ts";
export {
  readZipDirectory,
  ZIP_METHODS,
  zipDataOffset,
  type ZipEntry,
  type ZipSource,
} from "./files/zip/zip_directory.ts";
export { configFields } from "./flags/config_file/config_fields.ts";
export {
  chosenConfigFile,
  type ConfigFileFlags,
  readConfigFile,
} from "./flags/config_file/read_config_file.ts";
export type { Mapping, Program, SectionChoice } from "./flags/config_file/sections.ts";
export { settingsYaml } from "./flags/config_file/settings_yaml.ts";
export * from "./flags/foreign_flag.ts";
export * from "./flags/flag_table.ts";
export * from "./flags/help.ts";
export * from "./flags/nearest_name.ts";
export {
  type FlagLayers,
  type FlagOrigin,
  type ParsedFlags,
  parseFlags,
  scanFlags,
  wantsHelp,
} from "./flags/parse.ts";
export { writeAll, writeAllSync } from "./files/write_all.ts";
export * from "./flags/path_value.ts";
export { type Remedies, remedySentence, withRemedies } from "./base/remedies.ts";
export { withTimeout } from "./base/with_timeout.ts";
export * from "./flags/run_cli.ts";
export { flagName, type FlagSpec, flagSpecs, settingsByFlag } from "./flags/spec.ts";
export * from "./flags/stop_signals.ts";
export * from "./flags/user_path.ts";
export {
  checkVerbosity,
  verbosityFields,
  verbosityOf,
  type VerbositySettings,
} from "./flags/verbosity.ts";
export { type DllData, DllLog, type DllLogOptions, type DllStep } from "./logs/dll_log.ts";
export { environmentLines, hostMemoryLine, roleLines } from "./machine/detail_lines.ts";
export { type DeviceFacts, type Environment, environmentOf } from "./machine/environment.ts";
export { JsonLog } from "./logs/json_log.ts";
export type { LogFileOptions } from "./logs/append_file.ts";
export { logPath, rankName } from "./logs/log_path.ts";
export { fixed, scientific } from "./logs/number_text.ts";
export {
  fittingLine,
  NO_TERMINAL,
  ProgressLine,
  type ProgressPart,
  type Terminal,
} from "./logs/progress_line.ts";
export { tryWrite, warn } from "./logs/standard_streams.ts";
export { crc32c } from "./logs/tensorboard/crc32c.ts";
export type { HyperParameter } from "./logs/tensorboard/event_messages.ts";
export {
  endedNow,
  inTrace,
  RunTrace,
  telemetryName,
  type TimeRange,
  type TraceFacts,
} from "./logs/telemetry/run_trace.ts";
export {
  eventFilesIn,
  TensorBoardLog,
  type TensorBoardOptions,
} from "./logs/tensorboard/tensorboard_log.ts";
export * from "./logs/text_log.ts";
export {
  assignGpus,
  type GpuRequest,
  listAdapters,
  type ListedAdapter,
  selectGpu,
} from "./machine/select_gpu.ts";
export {
  useWebGpu,
  useWebGpuFor,
  WEBGPU_CHOICES,
  WEBGPU_VARIABLE,
  type WebGpuChoice,
  webGpuOfEnvironment,
  webGpuValue,
} from "./machine/web_gpu.ts";
export { measureSpeeds, type Speeds } from "./machine/speeds.ts";
