/**
 * The flags of the measurement of data.
 *
 * @module
 */
import { lengthValue } from "@transformer-xl/model";
import { DEVICE_CHOICES, webGpuValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** Everything `bench/data_wait/main.ts` accepts. */
export const dataWaitSchema = z.strictObject({
  device: z.enum(DEVICE_CHOICES).default("auto").describe("Device to measure"),
  webgpu: webGpuValue,
  steps: lengthValue.default(100).describe("Training steps per row"),
});
