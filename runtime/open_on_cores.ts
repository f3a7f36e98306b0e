/**
 * Opening of a device by a process that may use the cores of its machine.
 *
 * @module
 */
import type { Device, DeviceChoice } from "./plan/device.ts";
import { rankEnvironment } from "./distributed/rank_environment.ts";
import { coresOfRank, cpuThreads } from "./machine/cpu_threads.ts";
import { openDevice as openWithThreads, type OpenOptions } from "./open_device.ts";

/**
 * Opens a device.
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
  options: OpenOptions = {},
): Promise<Device> {
  const threads = options.threads ?? cpuThreads(coresOfRank(ranksHere()));
  return openWithThreads(choice, notice, { ...options, threads });
}

/** Ranks of this process's job on its machine; itself alone where it may not read variables. */
function ranksHere(): { readonly localSize: number } {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" ? rankEnvironment() : { localSize: 1 };
}
