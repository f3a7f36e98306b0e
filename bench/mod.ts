/**
 * The harness of the benchmarks: rows of `deno bench` with rates, comparisons in turns, results.
 *
 * @module
 */
export * from "./allreduce.ts";
export { compareRows } from "./compare.ts";
export * from "./environment.ts";
export * from "./harness.ts";
export * from "./results.ts";
export * from "./scaling/model.ts";
export type { Known, ScalingNumbers } from "./scaling/numbers.ts";
export { type RecordedStep, recordPreset } from "./scaling/recorded_step.ts";
export { type ScalingRow, scalingRows } from "./scaling/table.ts";
export * from "./scaling/word_shares.ts";
export * from "./slowest_ops.ts";
export * from "./timing.ts";
export { gpuReport } from "./gpu_report.ts";
export * from "./gpu_report/breakdown.ts";
export * from "./gpu_report/launch_log.ts";
export { type StepReport } from "./gpu_report/measure_step.ts";
export * from "./gpu_report/product.ts";
export { type ReportFlags, reportRun, reportSchema } from "./gpu_report/settings.ts";
export * from "./gpu_report/zipf_segments.ts";
export { sweepLines, tileSweep } from "./tile_sweep.ts";
export * from "./tile_sweep/candidates.ts";
export { shapesOf, type Size, type SweepFlags, sweepSchema } from "./tile_sweep/settings.ts";
export * from "./tile_sweep/suggested_tiles.ts";
export * from "./tile_sweep/sweep_product.ts";
export * from "./tile_sweep/swept_products.ts";
