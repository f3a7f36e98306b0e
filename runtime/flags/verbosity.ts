/**
 * Flags about how much a program prints.
 *
 * @module
 */
import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import type { Verbosity } from "../logs/text_log.ts";

const general = { group: "General" } as const;

/** Flags of a program that prints more or less. */
export const verbosityFields = {
  quiet: z.boolean().default(false)
    .describe("Print warnings, errors and final results alone; log files are complete")
    .meta(general),
  verbose: z.boolean().default(false)
    .describe("Print environment, plans, memory and times too").meta(general),
};

/** The part of a configuration used here. */
export interface VerbositySettings {
  /** Whether only warnings, errors and results are printed. */
  readonly quiet: boolean;
  /** Whether details are printed. */
  readonly verbose: boolean;
}

/**
 * Checks that not both are given.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkVerbosity({ quiet, verbose }: VerbositySettings): void {
  if (!quiet || !verbose) return;
  throw new ConfigError(
    "Cannot print with --quiet and --verbose at once: one is less, the other is more; leave one of " +
      "them out",
  );
}

/** How much a program prints. */
export function verbosityOf({ quiet, verbose }: VerbositySettings): Verbosity {
  return quiet ? "quiet" : verbose ? "verbose" : "normal";
}
