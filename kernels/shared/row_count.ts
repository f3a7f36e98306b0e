/**
 * Launches over a list of rows, all of them or a count given at every run.
 *
 * @module
 */
import type { Count, Recorder, Scalar } from "@transformer-xl/runtime";

/** How many rows of a list take part: frozen, or given at every run. */
export type RowCount = number | Scalar;

/** Workgroups of 64 lanes for `count` rows of C columns, ceil(C / 8) lanes each. */
export function rowWorkgroups(
  rec: Recorder,
  count: RowCount,
  capacity: number,
  C: number,
): [Count, Count] {
  const per = 64 / Math.ceil(C / 8);
  const most = typeof count === "number" ? count : capacity;
  const fold = Math.max(1, Math.ceil(most / per / rec.limits.maxWorkgroups));
  return [
    typeof count === "number" ? Math.ceil(count / per / fold) : { scalar: count, per: per * fold },
    fold,
  ];
}
