/**
 * A program that opens a device with a WebGPU implementation, its argument, prints both and returns.
 *
 * @module
 */
import { openDevice, useWebGpu, type WebGpuChoice } from "@transformer-xl/runtime";

if (import.meta.main) {
  const [choice = null] = Deno.args as WebGpuChoice[];
  await useWebGpu(choice);
  using device = await openDevice("gpu");
  await device.idle();
  console.log(device.info.implementation ?? "Deno", Deno.env.get("TXL_WEBGPU") ?? "not set");
}
