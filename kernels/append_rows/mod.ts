/**
 * Rows written below those that a persistent tensor holds; the derivative slices. The result is that
 * of `concat`, without a copy of the rows above.
 *
 * @module
 */
import {
  bytesOf,
  dims,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { launchCopyRows } from "../copy_rows/kernels.ts";
import { slice } from "../slice/mod.ts";

/**
 * Records `target[start + i] = x[i]`, in place: target [R, C] and x [Rx, C] -> target. Gradients
 * reach x alone. What reads the result later in the recording must come before the next write into
 * target.
 *
 * @param start the first row written; that of the last Rx rows by default
 * @throws {ShapeError} when the columns differ, or target has fewer rows than x
 * @example
 * ```ts
 * import { appendRows } from "@transformer-xl/kernels";
 * import { rangeOf, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using context = device.state("context", [3, 1]);
 * device.write(rangeOf(context).storage, 0, Float32Array.of(1, 2, 0)); // two rows of memory
 * using plan = await device.plan("context", (rec) => {
 *   const hidden = rec.input("hidden", [1, 1], "f32");
 *   return { inputs: { hidden }, outputs: { keys: appendRows(rec, context, hidden) } };
 * });
 * plan.run({ hidden: Float32Array.of(3) });
 * assertEquals([...(await plan.read("keys")).keys], [1, 2, 3]);
 * ```
 */
export function appendRows(
  rec: Recorder,
  target: Tensor,
  x: Tensor,
  start: number | Scalar = target.shape[0]! - x.shape[0]!,
): Tensor {
  const { R, Rx } = dims({ target: "R C", x: "Rx C" }, { target, x });
  if (Rx > R) {
    throw new ShapeError(
      `Cannot append "${x.label}" [${x.shape}] to "${target.label}" [${target.shape}]: it has more rows`,
    );
  }
  const y = rec.alias(target, target.shape);
  rec.node("append_rows", {
    inputs: { x },
    outputs: { y },
    cost: { flops: 0, bytes: 2 * bytesOf(x) },
    vjp: ({ y: dy }) => ({ x: dy && slice(rec, dy, { start, count: Rx }) }),
  }, () => launchCopyRows(rec, x, y, { count: Rx, yStart: start }));
  return y;
}
