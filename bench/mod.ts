/**
 * The harness of the benchmarks: rows of `deno bench` with rates, alternating comparisons, results.
 *
 * @module
 */
export { infer, inferLines, type InferRow } from "./benchmark/infer.ts";
export * from "./benchmark/settings.ts";
export { runBenchmark } from "./benchmark/main.ts";
export { type SeedRun, seedWords, stability } from "./benchmark/stability.ts";
export { type RunResults, type Spread, spreadOf, stabilityLines } from "./benchmark/spread.ts";
export { openForPrecision, type Precision } from "./benchmark/precision_device.ts";
export { training, trainingLines, type TrainingRow } from "./benchmark/training.ts";
export { weakScaling, weakScalingLines, type WeakScalingRow } from "./benchmark/weak_scaling.ts";
export { type MeasuredRate, publishedRunLines, wholeRunLines } from "./published/whole_runs.ts";
export * from "./published/accuracy.ts";
export * from "./published/find.ts";
export * from "./published/inference.ts";
export * from "./published/percentiles.ts";
export * from "./published/stability.ts";
export * from "./published/training.ts";
export * from "./processes/allreduce.ts";
export { measureCorpus } from "./corpus/main.ts";
export {
  corpusBenchLines,
  type CorpusPart,
  type CorpusResults,
  type PartResult,
  SEGMENTS,
} from "./corpus/results.ts";
export { type CorpusBenchFlags, corpusBenchSchema } from "./corpus/settings.ts";
export { type SyntheticText, writeSyntheticText } from "./corpus/synthetic_text.ts";
export {
  type Comparison,
  segmentLines,
  timeSegments,
  timeTokens,
  tokenLines,
} from "./inference/main.ts";
export { type CachesFlags, cachesSchema } from "./inference/settings.ts";
export { type AxisName, type GrowthCell, growthCells, type StepSizes } from "./growth/axes.ts";
export { measureGrowth } from "./growth/main.ts";
export {
  type Growth,
  growthOf,
  idealMs,
  type MeasuredCell,
  sampleInTurns,
} from "./growth/measured_cells.ts";
export { processLines, type ProcessOptions } from "./growth/processes.ts";
export { type LargeModel, recordingLine } from "./growth/recording.ts";
export { type GrowthFlags, growthSchema } from "./growth/settings.ts";
export { growthLines } from "./growth/table.ts";
export { type MeasuredRun, measureRun, waitLine } from "./data_wait/main.ts";
export { matrixDriverSchema } from "./matrix_driver/settings.ts";
export { unpackDriver, type UnpackedDriver } from "./matrix_driver/unpack.ts";
export { CONFIGURATIONS, type PeerConfiguration } from "./peers/configurations.ts";
export { comparePeers, peersOf } from "./peers/main.ts";
export {
  measureInTurns,
  type MeasureOptions,
  type StepTimes,
  type WarmSession,
  warmUp,
} from "./peers/measure.ts";
export { type JaxDevice, jaxPeer } from "./peers/jax/jax_peer.ts";
export { onnxPeer } from "./peers/onnx/onnx_peer.ts";
export { onnxPythonPeer } from "./peers/onnx/python_peer.ts";
export { SharedFiles } from "./peers/shared_files.ts";
export { ownPeer } from "./peers/own_peer.ts";
export * from "./peers/peer.ts";
export { type PyTorchOptions, pytorchPeer } from "./peers/pytorch/pytorch_peer.ts";
export { type PeersFlags, peersSchema } from "./peers/settings.ts";
export { peerLines, type PeerTimes } from "./peers/table.ts";
export { compareFiles, compareRows } from "./harness/compare.ts";
export * from "./harness/environment.ts";
export * from "./harness/harness.ts";
export * from "./harness/results.ts";
export * from "./scaling_model/model.ts";
export type { Known, ScalingNumbers } from "./scaling_model/numbers.ts";
export { type RecordedStep, recordPreset } from "./scaling_model/recorded_step.ts";
export { type ScalingRow, scalingRows } from "./scaling_model/table.ts";
export { dryStep } from "./step_model/executed_launches.ts";
export { stepModelLines } from "./step_model/main.ts";
export { executedLaunches, groupedLaunches, sumOf } from "./step_model/model_step.ts";
export { stepModelSchema } from "./step_model/settings.ts";
export * from "./harness/word_shares.ts";
export * from "./harness/slowest_ops.ts";
export * from "./harness/timing.ts";
export { gpuReport } from "./gpu_report/main.ts";
export * from "./gpu_report/breakdown.ts";
export * from "./gpu_report/launch_log.ts";
export { type StepReport } from "./gpu_report/measure_step.ts";
export * from "./gpu_report/product.ts";
export { type ReportFlags, reportRun, reportSchema } from "./gpu_report/settings.ts";
export * from "./gpu_report/zipf_segments.ts";
export { sweepLines, tileSweep } from "./tile_sweep/main.ts";
export * from "./tile_sweep/candidates.ts";
export { shapesOf, type Size, type SweepFlags, sweepSchema } from "./tile_sweep/settings.ts";
export * from "./tile_sweep/suggested_tiles.ts";
export * from "./tile_sweep/sweep_product.ts";
export * from "./tile_sweep/swept_products.ts";
