/**
 * The number of gradient-accumulation steps of a preset, from the memory of the device.
 *
 * @module
 */
import type { ModelConfig } from "@transformer-xl/model";
import {
  type Device,
  DeviceError,
  type DeviceLimits,
  gatherNumbers,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import { vulkanAdapters } from "@transformer-xl/runtime/setup";
import type { TrainConfig } from "../config.ts";
import {
  type Footprint,
  footprint,
  type FootprintOptions,
  totalBytes,
  USABLE_SHARE,
} from "../footprint.ts";
import { WHOLE } from "../run_plan.ts";

/** A configuration and what it takes. */
export interface FittedRun {
  /** The configuration with its batch chunks. */
  readonly config: TrainConfig;
  /** Its footprint. */
  readonly planned: Footprint;
}

/**
 * The configuration with the smallest `batchChunk` that fits, or with one column per chunk. All
 * ranks get the value that fits the smallest device.
 *
 * @param memoryBytes of the device, all of it
 * @throws {DeviceError} when one parameter, or the attention of a single column, exceeds the binding
 * limit
 */
export async function fitChunks(
  config: TrainConfig,
  modelConfig: ModelConfig,
  limits: DeviceLimits,
  { memoryBytes, group, ...options }: FootprintOptions & {
    readonly memoryBytes: number;
    readonly group?: ProcessGroup;
  },
): Promise<FittedRun> {
  const columns = config.batchSize / (options.share ?? WHOLE).size;
  const binding = Math.min(limits.maxBindingBytes, limits.maxBufferBytes);
  const plan = async (batchChunk: number): Promise<FittedRun> => {
    const chunked = { ...config, batchChunk };
    return { config: chunked, planned: await footprint(chunked, modelConfig, limits, options) };
  };
  const fits = ({ planned: { bytes, largest } }: FittedRun) =>
    largest.bytes <= binding && totalBytes(bytes) <= USABLE_SHARE * memoryBytes;
  let fitted: FittedRun | undefined;
  for (let batchChunk = 1; batchChunk <= columns; batchChunk++) {
    if (columns % batchChunk !== 0) continue;
    try {
      fitted = await plan(batchChunk);
    } catch (error) {
      // The attention of these many columns exceeds a binding; that of fewer may not.
      const isTooLarge = error instanceof DeviceError && error.reason === "out-of-memory";
      if (!isTooLarge || batchChunk === columns) throw error;
      continue;
    }
    if (fits(fitted)) break;
  }
  const own = fitted!.config.batchChunk;
  const all = group === undefined ? [] : await gatherNumbers(group, [own]);
  const chunks = Math.max(own, ...all.map(([count]) => count!));
  return chunks === own ? fitted! : await plan(chunks);
}

/** Bytes of device memory: reported by the driver, else the available memory of the machine. */
export function memoryOf({ info, budgetBytes }: Pick<Device, "info" | "budgetBytes">): number {
  const { available } = Deno.systemMemoryInfo();
  if (info.kind !== "gpu") return Math.min(budgetBytes, available);
  return vulkanAdapters().find(({ name }) => name === info.adapter)?.memoryBytes ?? available;
}
