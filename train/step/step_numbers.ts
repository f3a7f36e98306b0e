/**
 * Numbers of the steps of a log line, beside its loss.
 *
 * @module
 */
import { mean } from "@transformer-xl/eval";
import type { StepMetrics } from "./metric_rings.ts";

/** Numbers of several steps. */
export interface StepNumbers {
  /** Mean gradient norm of the updates that were made; undefined if there was none. */
  readonly gradientNorm: number | undefined;
  /** Loss scale after the last step; 1 in full precision. */
  readonly lossScale: number;
  /** Updates that were skipped because a gradient was not finite. */
  readonly skipped: number;
}

/** Sums up the steps of a log line. */
export function stepNumbers(metrics: readonly StepMetrics[]): StepNumbers {
  const made = metrics.filter(({ applied }) => applied);
  return {
    gradientNorm: made.length === 0
      ? undefined
      : mean(made.map(({ gradientNorm }) => gradientNorm)),
    lossScale: metrics.at(-1)?.lossScale ?? 1,
    skipped: metrics.length - made.length,
  };
}
