/**
 * Checks of a comparison of two checkpoints.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime";
import type { EvalConfig } from "../config.ts";

/**
 * Checks that two checkpoints are given, and no flag that is about one.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkCompare(config: EvalConfig): void {
  const { compare } = config;
  if (compare.length === 0) return;
  if (compare.length !== 2) {
    throw new ConfigError(
      `Cannot compare ${compare.length} checkpoints with --compare; give two, --compare A B`,
    );
  }
  const ofOne = [
    config.model !== null && "--model",
    config.manualConfig !== null && "--manual_config",
    config.perToken && "--per_token",
    config.saveData && "--save_data",
    config.repeat > 1 && "--repeat",
    config.targetPerplexity !== null && "--target_perplexity",
    config.targetThroughput !== null && "--target_throughput",
  ].filter((flag) => flag !== false);
  if (ofOne.length === 0) return;
  throw new ConfigError(
    `Cannot use ${
      ofOne.join(", ")
    } with --compare, which scores two checkpoints once each; leave ` +
      "one of them out",
  );
}
