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
  MATRIX_UNITS_CHOICES,
  type MatrixUnitsChoice,
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
  /** Use of matrix units, which multiply halves. */
  readonly matrixUnits: MatrixUnitsChoice;
}

/** The flag that chooses sums of products of halves. */
export const halfSumsValue: z.ZodDefault<z.ZodEnum<{ float32: "float32"; packed: "packed" }>> = z
  .enum(HALF_SUMS).default("float32")
  .describe("Sums of products of --fp16 on GPUs; packed: up to 32 terms in float16, then float32");

/** The flag on matrix units of GPUs. */
export const matrixUnitsValue: z.ZodDefault<z.ZodEnum<{ auto: "auto"; on: "on"; off: "off" }>> = z
  .enum(MATRIX_UNITS_CHOICES).default("auto")
  .describe("Matrix units for --fp16 with --webgpu dawn; auto: those of a GPU, if it has any");

/**
 * Rejects an implementation of WebGPU or matrix units for the CPU, which uses none, and sums or units
 * for halves in full precision.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkDeviceSettings(
  { device, webgpu, fp16, fp16Sums, matrixUnits }: DeviceSettings,
): void {
  if (device === "cpu" && webgpu === "dawn") {
    throw new ConfigError(
      "Cannot use --webgpu dawn with --device cpu: the CPU is used without WebGPU; leave --device out, or " +
        "use --webgpu deno",
    );
  }
  if (device === "cpu" && matrixUnits === "on") {
    throw new ConfigError(
      "Cannot use --matrix_units on with --device cpu: the CPU has none; leave one of them out",
    );
  }
  const needsHalves = fp16Sums !== "float32"
    ? `--fp16_sums ${fp16Sums}`
    : matrixUnits === "on"
    ? "--matrix_units on"
    : undefined;
  if (needsHalves === undefined || fp16) return;
  throw new ConfigError(
    `Cannot use ${needsHalves} in full precision: add --fp16, or leave it out`,
  );
}
