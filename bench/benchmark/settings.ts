/**
 * The flags of `deno task benchmark`.
 *
 * @module
 */
import { lengthValue, rowsValue, seedValue, widthValue } from "@transformer-xl/model";
import { DEVICE_CHOICES, pathValue, webGpuValue as webgpu } from "@transformer-xl/runtime";
import { PRESETS } from "@transformer-xl/train";
import { z } from "zod";
import { PUBLISHED_GPUS, PUBLISHED_YEARS } from "../published/inference.ts";

const sizes = { group: "Smaller models" } as const;
const published = { group: "Published figures" } as const;

/** Most processes of one machine. */
const MAX_PROCESSES = 64;

const preset = z.enum(Object.keys(PRESETS) as [string, ...string[]]).default("wt103-base")
  .describe("Model and lengths");
const tgtLen = lengthValue.nullable().default(null)
  .describe("Target tokens per segment; none: as in the preset");
const memLen = rowsValue.nullable().default(null)
  .describe("Memory length in tokens; none: as in the preset");
const seed = seedValue.default(1111).describe("Seed of weights and token ids");
const save = z.boolean().default(false).describe("Append the results to a file in bench/results/");
const precisions = z.array(z.enum(["fp32", "fp16"])).min(1).default(["fp32", "fp16"])
  .describe("Precisions; fp16 needs an adapter with shader-f16");
const device = z.enum(DEVICE_CHOICES).default("auto").describe("As in training");
const batchSizes = (fallback: number[]) =>
  z.array(lengthValue).min(1).max(64).default(fallback).describe("Batch sizes, one row each");

const smaller = (what: string) =>
  widthValue.nullable().default(null).describe(`${what}; none: as in the preset`).meta(sizes);

/** Reductions of a model, to try a benchmark on a slow adapter. */
const reductions = {
  nLayer: smaller("Decoder layers"),
  nHead: smaller("Attention heads"),
  dHead: smaller("Dimension of each head"),
  dModel: smaller("Model dimension"),
  dInner: smaller("Inner dimension of the feed-forward layers"),
  nToken: z.int().min(16).nullable().default(null)
    .describe("Symbols of the vocabulary; none: those of the data set").meta(sizes),
};

/** Columns of published figures. */
const comparison = {
  publishedGpu: z.enum(PUBLISHED_GPUS).default("A100").describe("GPU of the published figures")
    .meta(published),
  publishedYear: z.literal(PUBLISHED_YEARS).default(2020).describe("Year of their publication")
    .meta(published),
};

/** Flags of `benchmark infer`. */
export const inferSchema = z.strictObject({
  preset,
  batchSizes: batchSizes([1, 2, 4, 8, 16, 32]),
  precisions,
  steps: lengthValue.default(100).describe("Segments that count, after those that warm up"),
  tgtLen,
  memLen,
  device,
  webgpu,
  percentiles: z.array(z.number().min(0).max(100)).default([90, 95, 99])
    .describe("Percentiles of latency, one column each"),
  seed,
  save,
  ...reductions,
  ...comparison,
});

/** Flags of `benchmark train`. */
export const trainingSchema = z.strictObject({
  preset,
  batchSizes: batchSizes([16, 32]),
  precisions,
  steps: z.int().min(2).max(10_000).default(20).describe("Steps that are timed, twice"),
  tgtLen,
  memLen,
  device,
  webgpu,
  seed,
  save,
  ...reductions,
  ...comparison,
});

/** Flags of `benchmark scaling`. */
export const weakScalingSchema = z.strictObject({
  preset,
  gpus: z.array(z.int().min(1).max(MAX_PROCESSES)).min(1).default([1, 2, 4, 8])
    .describe("Numbers of processes, one per GPU, one row each"),
  batchSize: lengthValue.default(16).describe("Batch columns of every process"),
  fp16: z.boolean().default(false).describe("Half precision"),
  steps: z.int().min(1).max(10_000).default(20).describe("Steps that are timed"),
  tgtLen,
  memLen,
  oversubscribe: z.boolean().default(false)
    .describe("Allow several processes per GPU, or on the software driver"),
  device,
  webgpu,
  seed,
  save,
  ...reductions,
  ...comparison,
});

/** Flags of `benchmark stability`. */
export const stabilitySchema = z.strictObject({
  preset,
  seeds: z.int().min(1).max(1000).default(20).describe("Runs, each with a seed of its own"),
  seed: seedValue.default(1111).describe("Seed of the first run; the others follow it"),
  data: pathValue.nullable().default(null).describe("Text file or folder; none: as in the preset")
    .meta({ metavar: "PATH" }),
  dataset: z.string().nullable().default(null).describe("Data set; none: as in the preset")
    .meta({ metavar: "NAME" }),
  workDir: pathValue.default("LM-TFM-stability").describe("Folder of the runs, one folder each")
    .meta({ metavar: "DIR" }),
  steps: lengthValue.nullable().default(null).describe("Steps of each run; none: as in the preset"),
  evalInterval: lengthValue.nullable().default(null)
    .describe("Steps between validations, one row each; none: as in the preset"),
  batchSize: lengthValue.nullable().default(null).describe("Batch columns; none: as in the preset"),
  tgtLen: lengthValue.nullable().default(null).describe("Target tokens; none: as in the preset"),
  memLen: rowsValue.nullable().default(null).describe("Memory length; none: as in the preset"),
  device,
  webgpu,
  fp16: z.boolean().default(false).describe("Half precision"),
  gpus: z.int().min(1).max(MAX_PROCESSES).default(1).describe("Processes of each run, one per GPU"),
  oversubscribe: z.boolean().default(false)
    .describe("Allow several processes per GPU, or on the software driver"),
  dryRun: z.boolean().default(false).describe("Print the commands and run nothing"),
  ...reductionsOfTraining(),
  publishedYear: comparison.publishedYear,
});

/** The vocabulary of a run is that of its text. */
function reductionsOfTraining(): Omit<typeof reductions, "nToken"> {
  const { nToken: _, ...others } = reductions;
  return others;
}

/** Checked flags of `benchmark infer`. */
export type InferFlags = z.infer<typeof inferSchema>;
/** Checked flags of `benchmark train`. */
export type TrainingFlags = z.infer<typeof trainingSchema>;
/** Checked flags of `benchmark scaling`. */
export type WeakScalingFlags = z.infer<typeof weakScalingSchema>;
/** Checked flags of `benchmark stability`. */
export type StabilityFlags = z.infer<typeof stabilitySchema>;
