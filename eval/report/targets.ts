/**
 * Targets of perplexity and throughput, compared at the end of a run.
 *
 * @module
 */
import { fixed } from "@transformer-xl/runtime";
import { perplexity } from "../metrics.ts";

/** Targets of a run; null: none. */
export interface Targets {
  /** Largest perplexity that passes. */
  readonly targetPerplexity: number | null;
  /** Smallest throughput that passes, in tokens per second. */
  readonly targetThroughput: number | null;
}

/** What a run achieved; undefined: not measured. */
export interface Achieved {
  /** Loss in nats per token, of which the perplexity is compared. */
  readonly lossNats: number | undefined;
  /** Tokens per second of all processes. */
  readonly tokensPerSecond: number | undefined;
}

/** One target with its result. */
export interface TargetResult {
  /** Name in lines. */
  readonly name: "Perplexity" | "Throughput";
  /** Value of the run; undefined: not measured. */
  readonly achieved: number | undefined;
  /** Value asked for. */
  readonly target: number;
  /** Whether the run reached it; false if it was not measured. */
  readonly passed: boolean;
}

/**
 * Compares a run with its targets; values are compared before they are rounded for the lines.
 *
 * @example
 * ```ts
 * import { compareTargets, targetLines } from "@transformer-xl/eval";
 * import { assertEquals } from "@std/assert";
 *
 * const targets = { targetPerplexity: 23, targetThroughput: null };
 * const achieved = { lossNats: Math.log(22.71), tokensPerSecond: 1000 };
 * assertEquals(compareTargets(achieved, targets).flatMap(targetLines), [
 *   "Perplexity achieved: 22.71 target: 23.00",
 *   "Perplexity test passed",
 * ]);
 * ```
 */
export function compareTargets(
  { lossNats, tokensPerSecond }: Achieved,
  { targetPerplexity, targetThroughput }: Targets,
): TargetResult[] {
  const achieved = lossNats === undefined ? undefined : perplexity(lossNats);
  const results: TargetResult[] = [];
  if (targetPerplexity !== null) {
    const passed = achieved !== undefined && achieved <= targetPerplexity;
    results.push({ name: "Perplexity", achieved, target: targetPerplexity, passed });
  }
  if (targetThroughput !== null) {
    const passed = tokensPerSecond !== undefined && tokensPerSecond >= targetThroughput;
    results.push({
      name: "Throughput",
      achieved: tokensPerSecond,
      target: targetThroughput,
      passed,
    });
  }
  return results;
}

/** The reference's lines of one target, and a line of its own for a value that was not measured. */
export function targetLines({ name, achieved, target, passed }: TargetResult): string[] {
  const wanted = `target: ${fixed(target, 0, 2)}`;
  return [
    achieved === undefined
      ? `${name} not measured, ${wanted}`
      : `${name} achieved: ${fixed(achieved, 0, 2)} ${wanted}`,
    `${name} test ${passed ? "passed" : "failed"}`,
  ];
}
