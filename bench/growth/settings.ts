/**
 * The flags of the growth benchmark.
 *
 * @module
 */
import { lengthValue } from "@transformer-xl/model";
import { DEVICE_CHOICES, webGpuValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { AXIS_NAMES } from "./axes.ts";

/** What can be doubled: sizes of a step, and processes. */
export const GROWTH_NAMES = [...AXIS_NAMES, "processes"] as const;

/** Sizes from which all axes start. */
const SIZE = {
  vocabSize: 8192,
  nLayer: 2,
  dModel: 128,
  batchSize: 8,
  tgtLen: 64,
  memLen: 64,
} as const;

/** Everything `bench/growth/main.ts` accepts. */
export const growthSchema = z.strictObject({
  axes: z.array(z.enum(GROWTH_NAMES)).min(1).default([...GROWTH_NAMES])
    .describe("What doubles, one table each").meta({ metavar: "NAME ..." }),
  doublings: z.int().min(1).max(8).default(2).describe("Cells of a table beside the first"),
  device: z.enum(DEVICE_CHOICES).default("auto").describe("Device of the steps"),
  webgpu: webGpuValue,
  rounds: z.int().min(1).max(100).default(3).describe("Samples of every cell, in turns"),
  sampleMs: lengthValue.default(300).describe("Shortest sample: as many steps as that takes"),
  vocabSize: lengthValue.default(SIZE.vocabSize).describe("V: words of the first cell"),
  nLayer: lengthValue.default(SIZE.nLayer).describe("L: layers of the first cell"),
  dModel: lengthValue.default(SIZE.dModel)
    .describe("D: width of the first cell; heads of 32, four times as wide within"),
  batchSize: lengthValue.default(SIZE.batchSize).describe("Columns of the first cell"),
  tgtLen: lengthValue.default(SIZE.tgtLen).describe("T: target tokens of the first cell"),
  memLen: lengthValue.default(SIZE.memLen).describe("M: rows of memory of the first cell"),
  recording: z.boolean().default(true)
    .describe("Also record 100 layers and a million words, without a device"),
});

/** Checked flags. */
export type GrowthFlags = z.infer<typeof growthSchema>;
