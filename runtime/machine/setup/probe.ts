/**
 * A program that opens the default adapter with its self-tests and prints the result as JSON. It is
 * a separate process because drivers are loaded once per process and a broken one may end it.
 *
 * @module
 */
import { isUserError } from "../../base/errors.ts";
import { chooseAdapter } from "../../gpu/adapter.ts";
import { GpuDevice } from "../../gpu/gpu_device.ts";
import type { AdapterProbe } from "./machine.ts";

/** Opens and closes the best adapter. */
async function probe(): Promise<AdapterProbe> {
  const choice = await chooseAdapter(navigator.gpu);
  try {
    using _device = await GpuDevice.open(choice);
    return { adapter: choice?.name, problem: undefined };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { adapter: choice?.name, problem: error.message };
  }
}

if (import.meta.main) {
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(await probe())));
}
