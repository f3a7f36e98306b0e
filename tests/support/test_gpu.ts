/**
 * The GPU device of a test file; pipelines are compiled once. `TXL_WEBGPU=dawn` runs the tests on
 * Dawn.
 *
 * @module
 */
import { chooseAdapter, GpuDevice, useWebGpu } from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";

await useWebGpu(); // that of TXL_WEBGPU

/** The WebGPU of the tests: `navigator.gpu` as their variable chooses it; undefined without an adapter. */
export const testGpu: GPU | undefined = await chooseAdapter(navigator.gpu) && navigator.gpu;

/** Whether this machine has no adapter, real or software. */
const lacksGpu: boolean = testGpu === undefined;

if (lacksGpu) {
  console.log("Tests of the adapter are skipped: there is none; deno task setup says why");
}

let device: Promise<GpuDevice> | undefined;

/** The adapter of this machine, opened once; fails with the remedy where there is none. */
export function openTestGpu(): Promise<GpuDevice> {
  return device ??= GpuDevice.open().then((gpu) => {
    skipExitHandlers();
    return gpu;
  });
}

/** A `Deno.test` that is skipped where the machine has no adapter. */
export const gpuTest: (name: string, fn: (t: Deno.TestContext) => void | Promise<void>) => void =
  lacksGpu ? Deno.test.ignore : Deno.test; // unwrapped: a test belongs to the file of the call
