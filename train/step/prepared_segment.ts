/**
 * A segment with the values that a step uploads for it, which are computed while the step before it
 * runs.
 *
 * @module
 */
import type { Lengths, Segment } from "@transformer-xl/model";
import type { PlanInputs, RunValues } from "@transformer-xl/runtime";
import { splitColumns } from "./split_columns.ts";
import type { GradientPlan } from "./step.ts";

/** A segment that was prepared for one step. */
export interface PreparedSegment {
  /** The segment. */
  readonly segment: Segment;
  /** Steps before that one. */
  readonly step: number;
  /** Values of every batch chunk, without those of its memory. */
  readonly chunks: readonly RunValues<PlanInputs>[];
}

/** The values of all batch chunks of a segment. */
export function prepareChunks(
  plans: readonly GradientPlan[],
  segment: Segment,
  { seed, step }: { readonly seed: number; readonly step: number },
): RunValues<PlanInputs>[] {
  const chunks = plans.length;
  return splitColumns(segment, chunks).map((part, stream) =>
    plans[stream]!.plan.kept.prepare(part, { chunks, seed, step, stream })
  );
}

/**
 * Checks that a segment fits a step.
 *
 * @param lengths those of the step
 * @throws {RangeError} when it does not
 */
export function checkLengths(
  { columns, rows, targetRows }: Segment,
  { batchSize, tgtLen, extLen }: Lengths,
): void {
  if (columns === batchSize && targetRows <= tgtLen && rows <= tgtLen + extLen) return;
  throw new RangeError(
    `Cannot run a segment of ${columns} columns and ${rows} rows, ${targetRows} with targets: ` +
      `the step takes ${batchSize} columns and ${tgtLen} rows behind ${extLen} of context; ` +
      "cut the text by the step's lengths",
  );
}
