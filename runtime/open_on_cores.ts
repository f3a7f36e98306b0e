/**
 * Opening of a device by a process that may use the cores of its machine.
 *
 * @module
 */
import type { Device, DeviceChoice } from "./plan/device.ts";
import { rankEnvironment } from "./distributed/rank_environment.ts";
import { coresOfRank, cpuThreads } from "./machine/cpu_threads.ts";
import { webGpuOfEnvironment } from "./machine/web_gpu.ts";
import { openDevice as openWithThreads, type OpenOptions } from "./open_device.ts";

/** Choices besides the device. */
export interface ProcessOpenOptions extends OpenOptions {
  /**
   * Whether plans will have operands in half precision, which the CPU computes as plain loops, and
   * matrix units of a GPU multiply.
   */
  readonly halves?: boolean;
}

/**
 * Opens a device: with `auto` a GPU if one answers, else the CPU, which runs float32 faster than a
 * software driver does. The driver is taken for half precision, and if an implementation of WebGPU
 * was named.
 *
 * @param notice receives one sentence about the choice; without it, only a fallback to the CPU is
 * reported, as a warning on the console
 * @param options threads: by default as many as this process has cores, which the ranks of a job on
 * one machine divide
 * @throws {ConfigError} for another choice, or unsuitable variables of a launcher
 * @throws {DeviceError} when `gpu` was requested and there is none, or the driver is unsuitable
 */
export function openDevice(
  choice: DeviceChoice,
  notice?: (sentence: string) => void,
  { halves = false, matrixUnits = "off", ...options }: ProcessOpenOptions = {},
): Promise<Device> {
  // Without permission to read variables: a process of its own, and no implementation was named.
  const readable = Deno.permissions.querySync({ name: "env" }).state === "granted";
  const cores = coresOfRank(readable ? rankEnvironment() : { localSize: 1 });
  return openWithThreads(choice, notice, {
    threads: options.threads ?? cpuThreads(cores),
    softwareDriver: halves || (readable && webGpuOfEnvironment() !== undefined),
    ...options,
    matrixUnits: halves ? matrixUnits : "off",
  });
}
