/**
 * Opening of the device that a user requested.
 *
 * @module
 */
import { type Device, DEVICE_CHOICES, type DeviceChoice } from "./plan/device.ts";
import type { HalfSums } from "./tensor/device_limits.ts";
import { ConfigError, DeviceError } from "./base/errors.ts";
import { chooseAdapter, offersHardware } from "./gpu/adapter.ts";
import { GpuDevice } from "./gpu/gpu_device.ts";
import { type MatrixUnitsChoice, withMatrixUnits } from "./gpu/matrix_units.ts";
import { CpuDevice } from "./cpu/cpu_device.ts";
import { ONE_THREAD, type Threads } from "./cpu/thread_pool.ts";

/** Choices besides the device. */
export interface OpenOptions {
  /** How a GPU sums products of halves; float32 by default. */
  readonly halfSums?: HalfSums;
  /** Whether `auto` takes a software driver where there is no GPU; by default the CPU. */
  readonly softwareDriver?: boolean;
  /** Use of a GPU's matrix units for products of halves; none by default. */
  readonly matrixUnits?: MatrixUnitsChoice;
  /** Threads of the CPU if there is no GPU; without, the caller alone. */
  readonly threads?: Threads;
}

/**
 * Opens a device: with `auto` a GPU if one answers, else the CPU, which runs float32 faster than a
 * software driver does.
 *
 * @param notice receives one sentence about the choice; without it, only a fallback to the CPU is
 * reported, as a warning on the console
 * @throws {ConfigError} for another choice
 * @throws {DeviceError} when `gpu` or its matrix units were requested and there are none, or the driver
 * is unsuitable
 */
export async function openDevice(
  choice: DeviceChoice,
  notice?: (sentence: string) => void,
  { halfSums, softwareDriver = false, matrixUnits = "off", threads = ONE_THREAD }: OpenOptions = {},
): Promise<Device> {
  if (!DEVICE_CHOICES.includes(choice)) {
    throw new ConfigError(
      `Cannot open device ${JSON.stringify(choice)}: expected ${DEVICE_CHOICES.join(", ")}`,
    );
  }
  const onCpu = `device: WebAssembly on the CPU, ${threadsText(threads)}, in float32`;
  if (choice === "cpu") {
    notice?.(onCpu);
    return new CpuDevice(threads);
  }
  const { gpu } = navigator;
  const needsAdapter = choice === "gpu" || matrixUnits === "on";
  const wantsAdapter = needsAdapter || softwareDriver || await offersHardware(gpu);
  const adapter = wantsAdapter ? await chooseAdapter(gpu) : undefined;
  if (adapter !== undefined) {
    const withUnits = await withMatrixUnits(adapter, matrixUnits);
    const device = await GpuDevice.open({ ...withUnits, ...(halfSums && { halfSums }) });
    const kind = device.info.kind === "software" ? "software Vulkan driver" : "GPU";
    const { implementation } = device.info;
    const through = implementation === undefined ? "" : `, ${implementation}`;
    const units = withUnits.matrixUnits;
    const using = units === undefined ? "" : `, matrix units ${units.M}x${units.N}x${units.K}`;
    notice?.(`device: ${device.info.adapter} (${kind}${through}${using})`);
    return device;
  }
  if (needsAdapter) {
    throw new DeviceError(
      "no-adapter",
      `Cannot ${choice === "gpu" ? "open a GPU" : "use matrix units"}: no WebGPU adapter answers`,
      {
        need: choice === "gpu"
          ? "a graphics driver, or any device"
          : "an adapter with matrix units, or none",
      },
    );
  }
  (notice ?? console.warn)(
    `${onCpu}, as no GPU answers; \`deno task doctor\` examines this machine`,
  );
  return new CpuDevice(threads);
}

function threadsText({ count }: Threads): string {
  return count === 1 ? "1 thread" : `${count} threads`;
}
