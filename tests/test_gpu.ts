/**
 * One GPU device for a test file; pipelines are compiled once.
 *
 * @module
 */
import { GpuDevice } from "@transformer-xl/runtime";

let device: Promise<GpuDevice> | undefined;

/** The adapter of this machine, opened once; fails with the remedy where there is none. */
export function openTestGpu(): Promise<GpuDevice> {
  if (device === undefined) {
    device = GpuDevice.open();
    // A software driver still compiling when the process ends can crash it after every test passed.
    globalThis.addEventListener("unload", () => void device?.then((gpu) => gpu[Symbol.dispose]()));
  }
  return device;
}
