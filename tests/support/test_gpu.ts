/**
 * The GPU device of a test file; pipelines are compiled once.
 *
 * @module
 */
import { GpuDevice } from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";

let device: Promise<GpuDevice> | undefined;

/** The adapter of this machine, opened once; fails with the remedy where there is none. */
export function openTestGpu(): Promise<GpuDevice> {
  return device ??= GpuDevice.open().then((gpu) => {
    skipExitHandlers();
    return gpu;
  });
}
