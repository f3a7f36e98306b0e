/**
 * The flags of the step model, and the rates it assumes.
 *
 * @module
 */
import { ADAPTER_CLASSES, HALF_SUMS, type MatrixUnits } from "@transformer-xl/runtime";
import { ATTENTION_FORMS } from "@transformer-xl/kernels";
import { PRESETS } from "@transformer-xl/train";
import { z } from "zod";
import { reportSchema } from "../gpu_report/settings.ts";

const rate = (value: number, what: string) =>
  z.number().positive().default(value).describe(what).meta({ group: "assumed rates" });

const { batchSize, tgtLen, memLen } = reportSchema.shape;

/** Everything `bench/step_model/main.ts` accepts. The rates are those of an H100 SXM. */
export const stepModelSchema = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).default("wt103-base")
    .describe("Configuration"),
  fp16: z.boolean().default(true).describe("Half precision"),
  fp16Sums: z.enum(HALF_SUMS).default("float32").describe("Sums of products of halves"),
  matrixUnits: z.boolean().default(false).describe("Matrix units for products of halves"),
  batchSize,
  tgtLen,
  memLen,
  adapterClass: z.enum(ADAPTER_CLASSES).default("nvidia")
    .describe("Class whose tiles are used"),
  attnForm: z.enum(ATTENTION_FORMS).default("auto").describe("Form of attention"),
  preLnorm: z.boolean().default(false).describe("Layer norms before the blocks"),
  list: z.boolean().default(false).describe("Also print every launch"),
  cores: rate(132, "Workgroups of products that run at once"),
  peakTflops: rate(67, "Multiply-adds of all cores, 1e12 operations per second"),
  productShare: rate(0.55, "Part of the peak that a product with 8 x 8 micro-tiles reaches"),
  warpShare: rate(0.75, "The same of products in tiles of warps"),
  fusedShare: rate(0.44, "The same of attention without arrays of scores"),
  packedGain: rate(1.5, "Products with packed sums of halves, relative to float32 sums"),
  matrixTflops: rate(100, "Products by matrix units, 1e12 operations per second"),
  integerTops: rate(14.8, "Integer operations of all cores, 1e12 per second"),
  memoryTbS: rate(3, "Main memory, 1e12 bytes per second"),
  cacheTbS: rate(4, "Launches that move less than 30 MB: the cache, 1e12 bytes per second"),
  wideShare: rate(0.75, "Part of the bandwidth reached by loads of 4 bytes a lane and more"),
  narrowShare: rate(0.55, "Part of the bandwidth reached by loads of 2 bytes a lane"),
  turnUs: rate(0.45, "One load that depends on the end of another, microseconds"),
  gapUs: rate(2, "From one launch to the next, microseconds"),
});

/** Matrix units of NVIDIA's GPUs. */
export const NVIDIA_UNITS: MatrixUnits = { M: 16, N: 16, K: 16, lanes: 32 };

/** Checked flags. */
export type StepModelFlags = z.infer<typeof stepModelSchema>;

/** What the device is assumed to do. */
export type AssumedRates = Pick<
  StepModelFlags,
  | "cores"
  | "peakTflops"
  | "productShare"
  | "warpShare"
  | "fusedShare"
  | "packedGain"
  | "matrixTflops"
  | "integerTops"
  | "memoryTbS"
  | "cacheTbS"
  | "wideShare"
  | "narrowShare"
  | "turnUs"
  | "gapUs"
>;
