/**
 * A copy of consecutive rows into a persistent tensor: `target[i] = x[start + i]`.
 *
 * @module
 */
import { bytesOf, type Recorder, type Scalar, type Tensor } from "@transformer-xl/runtime/core";
import { launchCopyRows } from "./kernels.ts";

/**
 * Records `target[i] = x[start + i]` for every row of target, in place: the update of a memory. Rows
 * past the end of x become zero. No derivative.
 *
 * @throws {ShapeError} when the columns differ
 */
export function copyRows(rec: Recorder, target: Tensor, x: Tensor, start: number | Scalar): void {
  const cost = { flops: 0, bytes: 2 * bytesOf(target) };
  rec.node("copy_rows", { inputs: { x }, cost }, () => {
    launchCopyRows(rec, x, target, { count: target.shape[0]!, xStart: start });
  });
}
