/**
 * Settings of a device and its precision that all programs share, and the rules between them.
 *
 * @module
 */
import {
  ConfigError,
  type DeviceChoice,
  HALF_SUMS,
  type HalfSums,
  type WebGpuChoice,
} from "@transformer-xl/runtime";
import { z } from "zod";

/** The settings that choose a device and its precision. */
export interface DeviceSettings {
  /** Kind of device. */
  readonly device: DeviceChoice;
  /** WebGPU implementation; null: that of the environment. */
  readonly webgpu: WebGpuChoice | null;
  /** Half precision. */
  readonly fp16: boolean;
  /** How a GPU sums products of halves. */
  readonly fp16Sums: HalfSums;
}

/** The flag that chooses sums of products of halves. */
export const halfSumsValue: z.ZodDefault<z.ZodEnum<{ float32: "float32"; packed: "packed" }>> = z
  .enum(HALF_SUMS).default("float32")
  .describe("Sums of products of --fp16 on GPUs; packed: up to 32 terms in float16, then float32");

/**
 * Rejects an implementation of WebGPU for the CPU, which uses none, and sums of halves in full
 * precision.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkDeviceSettings({ device, webgpu, fp16, fp16Sums }: DeviceSettings): void {
  if (device === "cpu" && webgpu === "dawn") {
    throw new ConfigError(
      "Cannot use --webgpu dawn with --device cpu: the CPU is used without WebGPU; leave --device out, or " +
        "use --webgpu deno",
    );
  }
  if (fp16Sums === "float32" || fp16) return;
  throw new ConfigError(
    `Cannot use --fp16_sums ${fp16Sums} in full precision: add --fp16, or leave it out`,
  );
}
