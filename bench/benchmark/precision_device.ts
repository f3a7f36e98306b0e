/**
 * The device of a table in one precision.
 *
 * @module
 */
import { type Device, type DeviceChoice, openDevice } from "@transformer-xl/runtime";

/** A precision of a table. */
export type Precision = "fp32" | "fp16";

/**
 * Opens the device that training and evaluation would take in this precision.
 *
 * @param print receives one line where the device is not for the precision
 * @returns undefined after that line
 * @throws {DeviceError} when `gpu` was requested and no adapter answers
 */
export async function openForPrecision(
  choice: DeviceChoice,
  math: Precision,
  print: (line: string) => void,
): Promise<Device | undefined> {
  const device = await openDevice(choice, () => {}, { halves: math === "fp16" });
  const { kind, adapter, features } = device.info;
  if (math === "fp32" || (kind !== "cpu" && features.includes("shader-f16"))) return device;
  device[Symbol.dispose]();
  print(
    kind === "cpu"
      ? "fp16: left out, the CPU computes half precision as plain loops"
      : `fp16: not offered by ${adapter} (shader-f16)`,
  );
  return undefined;
}
