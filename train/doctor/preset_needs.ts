/**
 * Memory and work of each preset on a device, from a recording that allocates nothing.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import { type DeviceLimits, isUserError, remedySentence } from "@transformer-xl/runtime";
import { trainSchema } from "../config.ts";
import { publishedModel } from "../configuration/published_model.ts";
import { totalBytes } from "../footprint.ts";
import { fitChunks } from "../settings/fit_chunks.ts";
import { PRESETS } from "../presets.ts";
import type { MemoryNeed } from "./fit.ts";

/**
 * Bytes of a training run of every preset whose vocabulary size is known, on one device, with the
 * batch chunks that training would choose.
 */
export async function presetNeeds(
  limits: DeviceLimits,
  memoryBytes: number,
): Promise<readonly MemoryNeed[]> {
  const needs: MemoryNeed[] = [];
  for (const [name, preset] of Object.entries(PRESETS)) {
    const config = trainSchema.parse(preset);
    const modelConfig = publishedModel(config);
    if (modelConfig === undefined) continue;
    try {
      const { planned } = await fitChunks(config, modelConfig, limits, { memoryBytes });
      if (planned.obstacle !== undefined) throw planned.obstacle;
      needs.push({ name, bytes: totalBytes(planned.bytes) });
    } catch (error) {
      if (!isUserError(error)) throw error;
      needs.push({ name, bytes: Infinity, obstacle: remedySentence(error, REMEDIES) });
    }
  }
  return needs;
}
