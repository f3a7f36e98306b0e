/**
 * Memory and work of each preset on a device, from a recording that allocates nothing.
 *
 * @module
 */
import { cutoffsFor, type Dataset } from "@transformer-xl/model";
import { type DeviceLimits, isUserError } from "@transformer-xl/runtime";
import { modelOf, trainSchema } from "../config.ts";
import { footprint } from "../footprint.ts";
import { fitChunks } from "../settings/fit_chunks.ts";
import { PRESETS } from "../presets.ts";
import type { MemoryNeed } from "./fit.ts";

/** Symbols of the data sets' vocabularies, with the end of sentence; null where the text decides. */
const VOCABULARY_SIZES: Readonly<Record<Dataset, number | null>> = {
  wt103: 267_735,
  wt2: 33_278,
  self: 128, // about the characters of source text
  text: null,
};

/**
 * Bytes of a training run of every preset whose vocabulary size is known, on one device, with the
 * batch chunks that training would choose there.
 */
export async function presetNeeds(
  target: DeviceLimits,
  memoryBytes: number,
): Promise<readonly MemoryNeed[]> {
  const needs: MemoryNeed[] = [];
  for (const [name, preset] of Object.entries(PRESETS)) {
    const config = trainSchema.parse(preset);
    // Without --data a preset trains on the program's own text.
    const dataset = config.dataset === "auto" ? "self" : config.dataset;
    const vocabSize = VOCABULARY_SIZES[dataset];
    if (vocabSize === null) continue;
    const cutoffs = config.adaptive ? cutoffsFor(dataset, vocabSize) : [];
    const shape = modelOf(config, vocabSize, cutoffs);
    try {
      const fitted = await fitChunks(config, shape, target, { memoryBytes });
      const { bytes } = await footprint(fitted, shape, target);
      needs.push({ name, bytes: [...bytes.values()].reduce((sum, size) => sum + size, 0) });
    } catch (error) {
      if (!isUserError(error)) throw error;
      needs.push({ name, bytes: Infinity, obstacle: error.message });
    }
  }
  return needs;
}
