/**
 * The flags of the comparison of caches.
 *
 * @module
 */
import { lengthValue, rowsValue } from "@transformer-xl/model";
import { DEVICE_CHOICES, webGpuValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** Everything `bench/inference/main.ts` accepts; the defaults are the base model on WikiText-2. */
export const cachesSchema = z.strictObject({
  device: z.enum(DEVICE_CHOICES).default("auto").describe("Device to measure"),
  webgpu: webGpuValue,
  rounds: lengthValue.default(10).describe("Segments that are timed in each way, in turns"),
  tokens: lengthValue.default(200).describe("Decoded tokens"),
  tgtLen: lengthValue.default(64).describe("Tokens of a segment"),
  memLen: rowsValue.default(640).describe("Memory length in tokens"),
  words: lengthValue.default(33_278).describe(
    "Words of the vocabulary, with one softmax over them",
  ),
  nLayer: lengthValue.default(16).describe("Layers"),
  dModel: lengthValue.default(512).describe("Width of the model; heads are 64 wide at most"),
});

/** Checked flags. */
export type CachesFlags = z.infer<typeof cachesSchema>;
