/**
 * Published training throughput of the PyTorch reference, in target tokens per second of all GPUs
 * together, by number of GPUs; every GPU has its own batch (weak scaling). From NVIDIA's README of
 * Transformer-XL for PyTorch, of November 2019 and of 2020.
 *
 * @module
 */
import type { PublishedGpu, PublishedYear } from "./inference.ts";

/** One row of a published table. */
export interface PublishedTraining {
  /** The machine. */
  readonly system: string;
  /** Its GPUs. */
  readonly gpu: PublishedGpu;
  /** Year of publication. */
  readonly year: PublishedYear;
  /** The model. */
  readonly model: "base" | "large";
  /** Columns of each GPU. */
  readonly batchSize: number;
  /** Arithmetic; TF32 takes the place of FP32 on an A100. */
  readonly math: "fp16" | "fp32" | "tf32";
  /** Target tokens per second by number of GPUs. */
  readonly tokensPerSecond: Readonly<Record<number, number>>;
}

type Row = readonly [
  system: string,
  gpu: PublishedGpu,
  year: PublishedYear,
  model: PublishedTraining["model"],
  batchSize: number,
  math: PublishedTraining["math"],
  tokensPerSecond: Readonly<Record<number, number>>,
];

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  ["DGX-1 16G", "V100", 2019, "base", 16, "fp32", { 1: 11_499.8, 2: 19_574, 4: 42_184.9, 8: 84_803.6 }],
  ["DGX-1 16G", "V100", 2019, "base", 16, "fp16", { 1: 24_028.9, 2: 40_001.7, 4: 85_391.2, 8: 159_122.2 }],
  ["DGX-1 16G", "V100", 2019, "base", 32, "fp16", { 1: 31_072.4, 2: 55_534.1, 4: 117_200.6, 8: 234_437.3 }],
  ["DGX-2 32G", "V100", 2019, "base", 16, "fp32", { 1: 12_204, 2: 22_995.2, 4: 45_321.1, 8: 89_427.3, 16: 177_245 }],
  ["DGX-2 32G", "V100", 2019, "base", 16, "fp16", { 1: 25_337.5, 2: 46_605.1, 4: 91_537.4, 8: 179_920.5, 16: 357_343.6 }],
  ["DGX A100 40G", "A100", 2020, "base", 32, "tf32", { 1: 41_527, 2: 77_625, 4: 153_945, 8: 305_933 }],
  ["DGX A100 40G", "A100", 2020, "base", 32, "fp16", { 1: 59_961, 2: 113_238, 4: 225_609, 8: 449_890 }],
  ["DGX A100 40G", "A100", 2020, "large", 8, "tf32", { 1: 14_497, 2: 27_304, 4: 53_756, 8: 106_651 }],
  ["DGX A100 40G", "A100", 2020, "large", 8, "fp16", { 1: 21_554, 2: 40_222, 4: 80_226, 8: 159_185 }],
  ["DGX A100 40G", "A100", 2020, "large", 16, "fp16", { 1: 25_084, 2: 48_562, 4: 95_997, 8: 191_148 }],
  ["DGX-1 16G", "V100", 2020, "base", 16, "fp32", { 1: 13_981, 2: 23_163, 4: 48_893, 8: 97_005 }],
  ["DGX-1 16G", "V100", 2020, "base", 16, "fp16", { 1: 26_639, 2: 45_299, 4: 92_618, 8: 170_532 }],
  ["DGX-1 16G", "V100", 2020, "base", 32, "fp16", { 1: 36_692, 2: 65_889, 4: 133_838, 8: 258_648 }],
  ["DGX-1 16G", "V100", 2020, "large", 2, "fp32", { 1: 3558, 2: 6153, 4: 12_492, 8: 24_595 }],
  ["DGX-1 16G", "V100", 2020, "large", 2, "fp16", { 1: 6907, 2: 11_272, 4: 22_530, 8: 40_920 }],
  ["DGX-1 16G", "V100", 2020, "large", 4, "fp16", { 1: 10_210, 2: 17_984, 4: 36_340, 8: 66_716 }],
  ["DGX-2H 32G", "V100", 2020, "base", 16, "fp32", { 1: 16_150, 2: 29_712, 4: 58_011, 8: 114_655, 16: 222_920 }],
  ["DGX-2H 32G", "V100", 2020, "base", 16, "fp16", { 1: 32_875, 2: 59_058, 4: 113_985, 8: 223_907, 16: 414_994 }],
  ["DGX-2H 32G", "V100", 2020, "large", 8, "fp32", { 1: 5169, 2: 9977, 4: 19_691, 8: 39_157, 16: 77_568 }],
  ["DGX-2H 32G", "V100", 2020, "large", 8, "fp16", { 1: 14_787, 2: 27_710, 4: 54_207, 8: 107_073, 16: 211_387 }],
  ["DGX-2H nodes", "V100", 2020, "large", 4, "fp32", { 16: 69_070, 32: 136_960, 64: 270_120, 128: 514_500 }],
  ["DGX-2H nodes", "V100", 2020, "large", 4, "fp16", { 16: 154_950, 32: 307_520, 64: 605_530, 128: 1_189_700 }],
];

/** All rows. */
export const PUBLISHED_TRAINING: readonly PublishedTraining[] = ROWS.map(
  ([system, gpu, year, model, batchSize, math, tokensPerSecond]) => ({
    system,
    gpu,
    year,
    model,
    batchSize,
    math,
    tokensPerSecond,
  }),
);
