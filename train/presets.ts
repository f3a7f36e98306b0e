/**
 * Named settings, overridden by the configuration file and flags. None sets `batchChunk`, which
 * follows from the memory of the device; see {@link fitChunks}. Evaluation has lengths of the same
 * names, `EVAL_PRESETS`.
 *
 * @module
 */
import { AUTHORS_PRESETS } from "./presets/authors.ts";
import { NVIDIA_PRESETS } from "./presets/nvidia.ts";
import type { Presets } from "./presets/preset.ts";
import { SMALL_PRESETS } from "./presets/small.ts";

export type { Preset } from "./presets/preset.ts";

/** All presets by name. */
export const PRESETS: Presets = { ...SMALL_PRESETS, ...NVIDIA_PRESETS, ...AUTHORS_PRESETS };
