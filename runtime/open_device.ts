/**
 * Opening of the device that a user requested.
 *
 * @module
 */
import { type Device, DEVICE_CHOICES, type DeviceChoice } from "./plan/device.ts";
import type { HalfSums } from "./tensor/device_limits.ts";
import { ConfigError, DeviceError } from "./base/errors.ts";
import { chooseAdapter } from "./gpu/adapter.ts";
import { GpuDevice } from "./gpu/gpu_device.ts";
import { ReferenceDevice } from "./reference/reference_device.ts";

/** Choices besides the device. */
export interface OpenOptions {
  /** How a GPU sums products of halves; float32 by default. */
  readonly halfSums?: HalfSums;
}

/**
 * Opens a device.
 *
 * @param notice receives one sentence about the choice; without it, only a fallback to plain loops
 * is reported, as a warning on the console
 * @throws {ConfigError} for another choice
 * @throws {DeviceError} when `gpu` was requested and there is none, or the driver is unsuitable
 */
export async function openDevice(
  choice: DeviceChoice,
  notice?: (sentence: string) => void,
  { halfSums }: OpenOptions = {},
): Promise<Device> {
  if (!DEVICE_CHOICES.includes(choice)) {
    throw new ConfigError(
      `Cannot open device ${JSON.stringify(choice)}: expected ${DEVICE_CHOICES.join(", ")}`,
    );
  }
  if (choice === "cpu") {
    notice?.("device: plain TypeScript loops on the CPU, in float32");
    return new ReferenceDevice({ precision: "f32" });
  }
  const adapter = await chooseAdapter(navigator.gpu);
  if (adapter !== undefined) {
    const device = await GpuDevice.open({ ...adapter, ...(halfSums && { halfSums }) });
    const kind = device.info.kind === "software" ? "software Vulkan driver" : "GPU";
    const { implementation } = device.info;
    const through = implementation === undefined ? "" : `, ${implementation}`;
    notice?.(`device: ${device.info.adapter} (${kind}${through})`);
    return device;
  }
  if (choice === "gpu") {
    throw new DeviceError(
      "no-adapter",
      "Cannot open a GPU: no WebGPU adapter answers",
      { need: "a graphics driver, or any device" },
    );
  }
  (notice ?? console.warn)(
    "device: no WebGPU adapter answers, using plain TypeScript loops on the CPU, which is slow; " +
      "run `deno task setup`",
  );
  return new ReferenceDevice({ precision: "f32" });
}
