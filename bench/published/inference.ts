/**
 * Published inference figures of the PyTorch reference on one GPU: target tokens per second and mean
 * latency by batch size. Base: segments of 64 tokens with 640 of memory; large: 128 with 1600. From
 * NVIDIA's README of Transformer-XL for PyTorch, of November 2019 and of 2020.
 *
 * @module
 */

/** Batch sizes of every row. */
export const PUBLISHED_BATCH_SIZES: readonly number[] = [1, 2, 4, 8, 16, 32];

/** Names of the GPUs. */
export const PUBLISHED_GPUS = ["A100", "V100", "T4"] as const;

/** A GPU. */
export type PublishedGpu = (typeof PUBLISHED_GPUS)[number];

/** Years of publication. */
export const PUBLISHED_YEARS = [2020, 2019] as const;

/** Year of publication. */
export type PublishedYear = (typeof PUBLISHED_YEARS)[number];

/** One row of a published table. */
export interface PublishedInference {
  /** The GPU. */
  readonly gpu: PublishedGpu;
  /** Year of publication. */
  readonly year: PublishedYear;
  /** The model. */
  readonly model: "base" | "large";
  /** Arithmetic; TF32 takes the place of FP32 on an A100. */
  readonly math: "fp16" | "fp32" | "tf32";
  /** Runtime of the reference. */
  readonly runtime: "pytorch" | "torchscript";
  /** Target tokens per second, by {@link PUBLISHED_BATCH_SIZES}. */
  readonly tokensPerSecond: readonly number[];
  /** Mean milliseconds of a segment, by {@link PUBLISHED_BATCH_SIZES}. */
  readonly latencyMs: readonly number[];
}

type Row = readonly [
  gpu: PublishedGpu,
  year: PublishedYear,
  model: PublishedInference["model"],
  math: PublishedInference["math"],
  runtime: PublishedInference["runtime"],
  tokensPerSecond: readonly number[],
  latencyMs: readonly number[],
];

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  ["V100", 2019, "base", "fp16", "pytorch", [3346.3, 6486.5, 13_007.2, 24_783.1, 42_777.7, 52_961.6], [19.13, 19.74, 19.68, 20.65, 23.93, 38.64]],
  ["V100", 2019, "base", "fp16", "torchscript", [5117.4, 9703.5, 18_259.5, 35_758.7, 50_159.9, 57_223.4], [12.52, 13.2, 14.02, 14.32, 20.41, 35.76]],
  ["V100", 2019, "base", "fp32", "pytorch", [3216.4, 6314, 10_991.5, 16_398.5, 18_845.5, 19_209.5], [19.91, 20.28, 23.28, 31.2, 54.29, 106.51]],
  ["V100", 2019, "base", "fp32", "torchscript", [4915.5, 8644.5, 13_480.2, 17_075.5, 19_201.7, 19_724.4], [13.03, 14.81, 18.98, 29.96, 53.29, 103.73]],
  ["T4", 2019, "base", "fp16", "pytorch", [4067, 7559.5, 13_203.1, 16_101.8, 17_375.8, 17_946.2], [15.75, 16.94, 19.38, 31.78, 58.89, 114.03]],
  ["T4", 2019, "base", "fp16", "torchscript", [5834.6, 11_167.8, 14_890.8, 16_862.5, 18_281.2, 18_912], [10.99, 11.47, 17.19, 30.35, 55.98, 108.21]],
  ["T4", 2019, "base", "fp32", "pytorch", [3457.2, 4746.1, 5687.6, 6223.5, 6522.6, 6608.2], [18.56, 26.98, 44.98, 82.21, 156.87, 309.63]],
  ["T4", 2019, "base", "fp32", "torchscript", [3859.7, 4823.6, 5790, 6306.4, 6599.5, 6707], [16.64, 26.55, 44.18, 81.12, 155.04, 305.06]],
  ["A100", 2020, "base", "fp16", "pytorch", [4163.7, 7915.4, 15_710.2, 32_712.1, 59_378.6, 91_654.2], [15.38, 16.17, 16.29, 15.64, 17.23, 22.33]],
  ["A100", 2020, "base", "fp16", "torchscript", [6935.9, 12_649.4, 25_029.5, 52_666.3, 90_767.8, 107_082.4], [9.231, 10.12, 10.223, 9.716, 11.274, 19.109]],
  ["A100", 2020, "base", "tf32", "pytorch", [4003.8, 7499.2, 14_835.4, 30_001.5, 50_189.7, 63_660.5], [15.99, 17.07, 17.25, 17.06, 20.39, 32.14]],
  ["A100", 2020, "base", "tf32", "torchscript", [6084.5, 11_680.6, 22_867.3, 45_165.5, 61_042, 71_124.1], [10.52, 10.96, 11.19, 11.33, 16.76, 28.77]],
  ["V100", 2020, "base", "fp16", "pytorch", [2999.6, 5738.5, 11_773.5, 22_604.7, 41_481.6, 58_556.9], [21.36, 22.32, 21.73, 22.63, 24.67, 34.95]],
  ["V100", 2020, "base", "fp16", "torchscript", [5199.9, 9802.5, 19_609.4, 37_598.7, 57_840.2, 66_955.9], [12.31, 13.06, 13.05, 13.61, 17.69, 30.57]],
  ["V100", 2020, "base", "fp32", "pytorch", [2940, 5652, 10_526, 15_767.2, 20_303.2, 21_707.1], [21.79, 22.66, 24.3, 32.45, 50.39, 94.26]],
  ["V100", 2020, "base", "fp32", "torchscript", [4974.1, 9625.3, 15_069.9, 18_269.8, 20_884.5, 22_289.2], [12.88, 13.3, 16.98, 28, 48.99, 91.8]],
  ["T4", 2020, "base", "fp16", "pytorch", [3775.3, 6417.4, 9988.6, 11_878.9, 13_630, 14_511.2], [16.97, 19.96, 25.64, 43.07, 75.07, 141.01]],
  ["T4", 2020, "base", "fp16", "torchscript", [6132.5, 8319.4, 11_259.1, 13_120.3, 15_120, 16_158.1], [10.47, 15.39, 22.74, 38.99, 67.67, 126.65]],
  ["T4", 2020, "base", "fp32", "pytorch", [2323.1, 3094.8, 3889.8, 4270.1, 4765.7, 4985.2], [27.59, 41.39, 65.82, 119.8, 214.68, 410.43]],
  ["T4", 2020, "base", "fp32", "torchscript", [2486.3, 3260.7, 4033.3, 4411.4, 4924.9, 5163.1], [25.78, 39.28, 63.48, 115.96, 207.74, 396.29]],
  ["A100", 2020, "large", "fp16", "pytorch", [7033, 12_832.5, 21_500.2, 25_797.1, 28_143.5, 28_533.6], [18.2, 19.94, 23.8, 39.66, 72.71, 143.44]],
  ["A100", 2020, "large", "fp16", "torchscript", [11_068.2, 19_847, 24_450.7, 27_938.4, 30_783, 32_161.6], [11.57, 12.89, 20.92, 36.62, 66.48, 127.26]],
  ["A100", 2020, "large", "tf32", "pytorch", [6558.8, 10_658.4, 14_769.6, 16_852.6, 18_071.8, 17_619.2], [19.52, 24, 34.64, 60.71, 113.23, 234.04]],
  ["A100", 2020, "large", "tf32", "torchscript", [9084.4, 12_839.4, 15_582.4, 17_825, 19_419.2, 20_079.4], [14.09, 19.92, 32.83, 57.4, 105.38, 203.81]],
  ["V100", 2020, "large", "fp16", "pytorch", [5119.6, 8676.1, 12_960.9, 14_870.6, 15_528.5, 15_649.4], [25, 29.49, 39.47, 68.81, 131.78, 261.54]],
  ["V100", 2020, "large", "fp16", "torchscript", [8718.2, 12_157.8, 14_534.8, 15_863.8, 16_674, 17_154.1], [14.68, 21.04, 35.2, 64.5, 122.73, 238.6]],
  ["V100", 2020, "large", "fp32", "pytorch", [3009.8, 3838.4, 4265.3, 4646.5, 4805.4, 4787.4], [42.52, 66.64, 119.94, 220.19, 426.39, 855.09]],
  ["V100", 2020, "large", "fp32", "torchscript", [3319, 3925.2, 4344.1, 4716.2, 4922.1, 4965.2], [38.56, 65.16, 117.76, 216.94, 415.72, 824.98]],
  ["T4", 2020, "large", "fp16", "pytorch", [2978, 3161.4, 3459.3, 3657.8, 3762.9, 3794.4], [42.99, 80.98, 147.89, 279.74, 543.92, 1079.15]],
  ["T4", 2020, "large", "fp16", "torchscript", [3066.4, 3399.2, 3721.5, 3932.9, 4057.9, 4117.8], [41.74, 75.31, 137.47, 260.19, 504.43, 994.54]],
  ["T4", 2020, "large", "fp32", "pytorch", [786.9, 889.6, 992.1, 1047, 1069.3, 1069.5], [162.7, 287.8, 515.6, 977.2, 1913.5, 3826.3]],
  ["T4", 2020, "large", "fp32", "torchscript", [792.5, 904.7, 1009, 1065, 1088.6, 1102], [161.5, 283, 507, 960.7, 1879.7, 3713.7]],
];

/** All rows. */
export const PUBLISHED_INFERENCE: readonly PublishedInference[] = ROWS.map(
  ([gpu, year, model, math, runtime, tokensPerSecond, latencyMs]) => ({
    gpu,
    year,
    model,
    math,
    runtime,
    tokensPerSecond,
    latencyMs,
  }),
);
