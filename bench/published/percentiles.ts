/**
 * Published percentiles of latency of the PyTorch reference, for the rows of published inference that
 * have them. From NVIDIA's README of Transformer-XL for PyTorch, of November 2019 and of 2020.
 *
 * @module
 */
import type { PublishedInference } from "./inference.ts";

/** Percentiles that were published, in the order of the rows. */
export const PUBLISHED_PERCENTS: readonly number[] = [90, 95, 99];

/** Percentiles of the batch sizes of one row of a published table. */
export interface PublishedPercentiles
  extends Pick<PublishedInference, "gpu" | "year" | "math" | "runtime"> {
  /** Milliseconds of a segment by batch size, by {@link PUBLISHED_PERCENTS}. */
  readonly latencyMs: Readonly<Record<number, readonly number[]>>;
}

/** All rows; they are of the base model. */
// deno-fmt-ignore
export const PUBLISHED_PERCENTILES: readonly PublishedPercentiles[] = [
  { gpu: "V100", year: 2019, math: "fp16", runtime: "pytorch", latencyMs: { 1: [19.47, 19.64, 20.67], 2: [20.04, 20.2, 21.52], 4: [19.93, 20.12, 21.45], 8: [20.95, 21.22, 22.78], 16: [24.09, 24.41, 25.82], 32: [38.86, 39.77, 41.25] } },
  { gpu: "V100", year: 2019, math: "fp16", runtime: "torchscript", latencyMs: { 1: [12.76, 12.87, 13.39], 2: [13.39, 13.52, 14.78], 4: [14.22, 14.38, 15.72], 8: [14.52, 14.66, 16.04], 16: [20.44, 20.69, 21.98], 32: [35.95, 36.25, 37.57] } },
  { gpu: "A100", year: 2020, math: "fp16", runtime: "pytorch", latencyMs: { 1: [15.58, 15.66, 16.12], 16: [17.32, 17.36, 18.39], 32: [22.39, 22.53, 23.63] } },
  { gpu: "A100", year: 2020, math: "fp16", runtime: "torchscript", latencyMs: { 1: [9.388, 9.445, 9.534], 16: [11.321, 11.334, 11.8], 32: [19.138, 19.162, 19.608] } },
  { gpu: "A100", year: 2020, math: "tf32", runtime: "pytorch", latencyMs: { 1: [16.26, 16.36, 16.58], 16: [20.48, 20.52, 21.41] } },
  { gpu: "A100", year: 2020, math: "tf32", runtime: "torchscript", latencyMs: { 1: [10.74, 10.84, 10.95], 16: [16.84, 16.86, 17.13], 32: [28.81, 28.84, 28.86] } },
];
