/**
 * Launches over a list of rows: all of them, or a number given at every run.
 *
 * @module
 */
import type { Count, Recorder, Scalar } from "@transformer-xl/runtime/core";

/** Number of used rows of a list: constant, or given at every run. */
export type RowCount = number | Scalar;

/** Threads for `count` rows of C columns, ceil(C / 8) each. */
export function rowThreads(
  rec: Recorder,
  count: RowCount,
  capacity: number,
  C: number,
): [Count, Count] {
  const each = Math.ceil(C / 8);
  const most = typeof count === "number" ? count : capacity;
  const fold = Math.max(1, Math.ceil(most * each / 64 / rec.limits.maxWorkgroups));
  return [
    typeof count === "number"
      ? Math.ceil(count * each / fold)
      : { scalar: count, per: fold / each },
    fold,
  ];
}
