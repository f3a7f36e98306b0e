/**
 * Published test perplexity and time to train of the PyTorch reference: whole runs of its presets.
 * From NVIDIA's README of Transformer-XL for PyTorch, of November 2019 and of 2020.
 *
 * @module
 */
import type { PublishedTraining } from "./training.ts";

/** One run of a published table. */
export interface PublishedAccuracy
  extends Pick<PublishedTraining, "system" | "gpu" | "year" | "model" | "batchSize" | "math"> {
  /** GPUs. */
  readonly gpus: number;
  /** Perplexity of the test split. */
  readonly perplexity: number;
  /** Minutes of training. */
  readonly minutes: number;
}

type Row = readonly [
  system: string,
  gpu: PublishedAccuracy["gpu"],
  year: PublishedAccuracy["year"],
  model: PublishedAccuracy["model"],
  gpus: number,
  batchSize: number,
  math: PublishedAccuracy["math"],
  perplexity: number,
  minutes: number,
];

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  ["DGX-1 16G", "V100", 2019, "base", 1, 16, "fp32", 23.24, 2542],
  ["DGX-1 16G", "V100", 2019, "base", 1, 16, "fp16", 23.42, 1037.8],
  ["DGX-1 16G", "V100", 2019, "base", 8, 16, "fp32", 23.38, 366.9],
  ["DGX-1 16G", "V100", 2019, "base", 8, 16, "fp16", 23.44, 168.9],
  ["DGX-1 16G", "V100", 2019, "base", 1, 32, "fp16", 23.38, 894.3],
  ["DGX-1 16G", "V100", 2019, "base", 8, 32, "fp16", 23.38, 140.7],
  ["DGX-2 32G", "V100", 2019, "base", 16, 16, "fp32", 23.36, 184.4],
  ["DGX-2 32G", "V100", 2019, "base", 16, 16, "fp16", 23.32, 91.2],
  ["DGX A100 40G", "A100", 2020, "base", 8, 32, "tf32", 23.24, 110],
  ["DGX A100 40G", "A100", 2020, "base", 8, 32, "fp16", 23.24, 76],
  ["DGX A100 40G", "A100", 2020, "large", 8, 8, "tf32", 18.18, 735],
  ["DGX A100 40G", "A100", 2020, "large", 8, 8, "fp16", 18.18, 477],
  ["DGX A100 40G", "A100", 2020, "large", 8, 16, "fp16", 18.19, 430],
  ["DGX-1 16G", "V100", 2020, "base", 1, 16, "fp32", 23.12, 2146],
  ["DGX-1 16G", "V100", 2020, "base", 1, 16, "fp16", 23.13, 960],
  ["DGX-1 16G", "V100", 2020, "base", 8, 16, "fp32", 23.17, 316],
  ["DGX-1 16G", "V100", 2020, "base", 8, 16, "fp16", 23.14, 167],
  ["DGX-1 16G", "V100", 2020, "base", 1, 32, "fp16", 23.15, 766],
  ["DGX-1 16G", "V100", 2020, "base", 8, 32, "fp16", 23.18, 121],
  ["DGX-1 16G", "V100", 2020, "large", 8, 2, "fp32", 18.22, 2983],
  ["DGX-1 16G", "V100", 2020, "large", 8, 2, "fp16", 18.2, 1480],
  ["DGX-1 16G", "V100", 2020, "large", 8, 4, "fp16", 18.17, 984],
  ["DGX-2H 32G", "V100", 2020, "base", 16, 16, "fp32", 23.22, 149],
  ["DGX-2H 32G", "V100", 2020, "base", 16, 16, "fp16", 23.22, 80],
  ["DGX-2H 32G", "V100", 2020, "large", 16, 8, "fp32", 18.21, 1075],
  ["DGX-2H 32G", "V100", 2020, "large", 16, 8, "fp16", 18.2, 394],
  ["DGX-2H nodes", "V100", 2020, "large", 128, 4, "fp32", 18.27, 156],
  ["DGX-2H nodes", "V100", 2020, "large", 128, 4, "fp16", 18.28, 74],
];

/** All rows. */
export const PUBLISHED_ACCURACY: readonly PublishedAccuracy[] = ROWS.map(
  ([system, gpu, year, model, gpus, batchSize, math, perplexity, minutes]) => ({
    system,
    gpu,
    year,
    model,
    gpus,
    batchSize,
    math,
    perplexity,
    minutes,
  }),
);
