/**
 * The device with matrix units of a test file, if this machine has one: a GPU or, unpacked beside the
 * system, a software driver.
 *
 * @module
 */
import {
  type AdapterClass,
  chooseAdapter,
  GpuDevice,
  isUserError,
  webGpuOfEnvironment,
  withMatrixUnits,
} from "@transformer-xl/runtime";
import { loadDawn, skipExitHandlers } from "@transformer-xl/runtime/setup";

/** Dawn on the adapter of this machine, or why its tests are skipped. */
async function dawnOrReason(): Promise<GPU | string> {
  try {
    const dawn = await loadDawn({ mayDownload: webGpuOfEnvironment() === "dawn" });
    const choice = await chooseAdapter(dawn);
    if (choice === undefined) return "no adapter answers";
    await withMatrixUnits(choice, "on");
    return dawn;
  } catch (error) {
    if (!isUserError(error)) throw error;
    return error.message;
  }
}

const dawn = await dawnOrReason();

if (typeof dawn === "string") {
  console.log(
    `Products by matrix units are not run: ${dawn} ` +
      "(bench/matrix_driver/main.ts unpacks a software driver that has them)",
  );
}

/** A `Deno.test` that is skipped where the machine has no matrix units. */
export const matrixUnitsTest: typeof Deno.test | typeof Deno.test.ignore = typeof dawn === "string"
  ? Deno.test.ignore
  : Deno.test;

/** Opens it, with or without the use of its units. */
export async function openMatrixDevice(
  use: "on" | "off" = "on",
  adapterClass?: AdapterClass,
): Promise<GpuDevice> {
  const choice = await withMatrixUnits((await chooseAdapter(dawn as GPU))!, use);
  const device = await GpuDevice.open({ ...choice, ...(adapterClass && { adapterClass }) });
  skipExitHandlers();
  return device;
}
