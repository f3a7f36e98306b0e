/**
 * The rule between a device and a WebGPU implementation.
 *
 * @module
 */
import { ConfigError, type DeviceChoice, type WebGpuChoice } from "@transformer-xl/runtime";

/** The settings that choose a device. */
export interface DeviceSettings {
  /** Kind of device. */
  readonly device: DeviceChoice;
  /** WebGPU implementation; null: that of the environment. */
  readonly webgpu: WebGpuChoice | null;
}

/**
 * Rejects an implementation for plain loops, which use none.
 *
 * @throws {ConfigError} naming both flags
 */
export function checkWebGpu({ device, webgpu }: DeviceSettings): void {
  if (device !== "cpu" || webgpu !== "dawn") return;
  throw new ConfigError(
    "Cannot use --webgpu dawn with --device cpu: plain loops use no WebGPU; leave --device out, or " +
      "use --webgpu deno",
  );
}
