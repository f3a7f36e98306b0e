/**
 * The number of gradient-accumulation steps of a preset, from the memory of the device.
 *
 * @module
 */
import type { ModelConfig } from "@transformer-xl/model";
import type { Device, DeviceLimits, ProcessGroup } from "@transformer-xl/runtime";
import { vulkanAdapters } from "@transformer-xl/runtime/setup";
import type { TrainConfig } from "../config.ts";
import { USABLE_PART } from "../doctor/fit.ts";
import { footprint } from "../footprint.ts";
import { type Share, WHOLE } from "../run_plan.ts";

/**
 * The configuration with the smallest `batchChunk` that fits, or with one column per chunk. All
 * ranks get the value that fits the smallest device.
 *
 * @param memoryBytes of the device, all of it
 * @throws {DeviceError} when one parameter exceeds the binding limit
 */
export async function fitChunks(
  config: TrainConfig,
  shape: ModelConfig,
  limits: DeviceLimits,
  { memoryBytes, share = WHOLE, group }: {
    readonly memoryBytes: number;
    readonly share?: Share;
    readonly group?: ProcessGroup;
  },
): Promise<TrainConfig> {
  const columns = config.batchSize / share.size;
  const binding = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
  const plan = async (batchChunk: number, chunks: number) => {
    const batchSize = share.size * columns / batchChunk * chunks;
    const planned = { ...config, batchSize, batchChunk: chunks };
    const { bytes, largest } = await footprint(planned, shape, limits, { share });
    return { largest: largest.bytes, total: bytes.values().reduce((sum, size) => sum + size, 0) };
  };
  let smaller = config;
  for (let batchChunk = 1; batchChunk <= columns; batchChunk++) {
    if (columns % batchChunk !== 0) continue;
    smaller = { ...config, batchChunk };
    const one = await plan(batchChunk, 1);
    if (one.largest > binding || one.total > USABLE_PART * memoryBytes) continue;
    if (batchChunk === 1) break;
    // Every further chunk adds the same memory and inputs, so two recordings are enough.
    const two = await plan(batchChunk, 2);
    const total = one.total + (batchChunk - 1) * (two.total - one.total);
    if (total <= USABLE_PART * memoryBytes) break;
  }
  if (group === undefined || group.size === 1) return smaller;
  const own = new Uint8Array(Uint32Array.of(smaller.batchChunk).buffer);
  const all = await group.allGather(own);
  const chunks = all.map((bytes) => new Uint32Array(bytes.slice().buffer)[0]!);
  return { ...config, batchChunk: Math.max(...chunks) };
}

/** Bytes of device memory: reported by the driver, else the available memory of the machine. */
export function memoryOf({ info, budgetBytes }: Pick<Device, "info" | "budgetBytes">): number {
  const { available } = Deno.systemMemoryInfo();
  if (info.kind !== "gpu") return Math.min(budgetBytes, available);
  return vulkanAdapters().find(({ name }) => name === info.adapter)?.memoryBytes ?? available;
}
