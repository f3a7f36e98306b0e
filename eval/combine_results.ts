/**
 * Combination of the results of several ranks, each of which evaluated its own columns.
 *
 * @module
 */
import { gatherNumbers, type ProcessGroup } from "@transformer-xl/runtime";
import type { EvalResult } from "./evaluator.ts";
import { weightedMean } from "./metrics.ts";

/**
 * The loss over the columns of all ranks, weighted by tokens and equal on all ranks. Segments stay
 * those of this process.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function combineResults(group: ProcessGroup, own: EvalResult): Promise<EvalResult> {
  if (group.size === 1) return own;
  const parts = await gatherNumbers(group, [own.lossNats, own.tokens, own.elapsedMs]);
  const values = (i: number) => parts.map((part) => part[i]!);
  return {
    ...own,
    lossNats: weightedMean(values(0), values(1)),
    tokens: values(1).reduce((sum, tokens) => sum + tokens, 0),
    elapsedMs: Math.max(...values(2)),
  };
}
