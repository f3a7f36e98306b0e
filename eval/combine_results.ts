/**
 * Combination of the results of several ranks, each of which evaluated its own columns.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";
import type { EvalResult } from "./evaluator.ts";

/**
 * The loss over the columns of all ranks, weighted by tokens and equal on all ranks. Segments stay
 * those of this process.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function combineResults(group: ProcessGroup, own: EvalResult): Promise<EvalResult> {
  if (group.size === 1) return own;
  const numbers = Float64Array.of(own.lossNats, own.tokens, own.elapsedMs);
  const parts = (await group.allGather(new Uint8Array(numbers.buffer))).map(({ buffer }) => {
    const [lossNats, tokens, elapsedMs] = new Float64Array(buffer);
    return { lossNats: lossNats!, tokens: tokens!, elapsedMs: elapsedMs! };
  });
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  return {
    ...own,
    lossNats: parts.reduce((sum, part) => sum + part.lossNats * part.tokens, 0) / tokens,
    tokens,
    elapsedMs: Math.max(...parts.map((part) => part.elapsedMs)),
  };
}
