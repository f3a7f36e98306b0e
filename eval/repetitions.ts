/**
 * Repeated evaluation of one text.
 *
 * @module
 */
import type { SegmentSource } from "@transformer-xl/model";
import type { EvalResult, EvaluateOptions, Evaluator } from "./evaluator.ts";
import { weightedMean } from "./metrics.ts";

/** Options of repetitions. */
export interface RepetitionOptions extends Omit<EvaluateOptions, "keepMemory" | "stops"> {
  /** Evaluations of the text. */
  readonly repeat: number;
  /** A repetition starts with the memory that the one before left; otherwise with an empty one. */
  readonly keepsMemory: boolean;
}

/**
 * Evaluates a text several times: the loss over all repetitions, weighted by tokens, their tokens
 * and time together, and every segment in order.
 */
export async function evaluateRepeatedly(
  evaluator: Evaluator,
  batches: SegmentSource,
  { repeat, keepsMemory, ...options }: RepetitionOptions,
): Promise<EvalResult> {
  const results: EvalResult[] = [];
  for (let n = 0; n < repeat; n++) {
    results.push(
      await evaluator.evaluate(batches, { ...options, keepMemory: keepsMemory && n > 0 }),
    );
  }
  const tokens = results.map((result) => result.tokens);
  return {
    lossNats: repeat === 1
      ? results[0]!.lossNats
      : weightedMean(results.map(({ lossNats }) => lossNats), tokens),
    tokens: tokens.reduce((sum, count) => sum + count, 0),
    elapsedMs: results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
    segments: results.flatMap(({ segments }) => segments),
  };
}
