/**
 * Checks of settings about the weights and the vocabulary that a new run starts from.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";

/**
 * Rejects a run that would both start from other weights and resume its own.
 *
 * @throws {ConfigError} naming both flags
 */
export function checkBeginning(
  { initFrom, restart }: Pick<TrainConfig, "initFrom" | "restart">,
): void {
  if (initFrom === null || restart === false) return;
  throw new ConfigError(
    `Cannot use --init_from "${initFrom}" with --restart: one starts a new run, the other continues ` +
      "one; leave one of them out",
  );
}

/**
 * Checks the settings of a vocabulary that a checkpoint gives.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkExtension(
  { initFrom, extendVocab, minFreq, maxVocab }: TrainConfig,
): void {
  if (initFrom === null) {
    if (!extendVocab) return;
    throw new ConfigError(
      "Cannot use --extend_vocab without --init_from: a new model has all words of its text; give " +
        "--init_from, or leave it out",
    );
  }
  if (extendVocab || minFreq === 0 && maxVocab === null) return;
  const given = minFreq > 0 ? `--min_freq ${minFreq}` : `--max_vocab ${maxVocab}`;
  throw new ConfigError(
    `Cannot use ${given} with the words of --init_from "${initFrom}": they stay as they are; add ` +
      "--extend_vocab to choose further words with it, or leave it out",
  );
}
