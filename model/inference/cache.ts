/**
 * The choice of what memory rows are kept as where weights do not change between segments: keys and
 * values, instead of hidden states that are projected again in every segment.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime/core";
import { hasAbsolutePositions, type Lengths, type ModelConfig } from "../config.ts";
import type { MemoryContent } from "../memory.ts";

/** How memory rows are kept: as a value of {@link MemoryContent}, or as keys where they stay right. */
export type CacheChoice = "auto" | MemoryContent;

/** The values of {@link CacheChoice}. */
export const CACHE_CHOICES = ["auto", "keys", "hidden"] as const satisfies readonly CacheChoice[];

/**
 * What memory rows of a model are kept as.
 *
 * @throws {ConfigError} when keys are asked for and positions are added to memory rows, which changes
 * their keys in every segment
 */
export function cacheOf(
  config: Pick<ModelConfig, "attnType">,
  { memLen }: Pick<Lengths, "memLen">,
  choice: CacheChoice = "auto",
): MemoryContent {
  const allowed = !hasAbsolutePositions(config) || memLen === 0;
  if (choice === "auto") return allowed ? "keys" : "hidden";
  if (choice === "hidden" || allowed) return choice;
  throw new ConfigError(
    `Cannot keep keys of memory rows with attention type ${config.attnType}: it adds positions to them, ` +
      "which change in every segment",
    { need: "hidden states as the cache" },
  );
}
