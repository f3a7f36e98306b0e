/**
 * Selected rows of a matrix: `y[i] = x[rows[i]]`; dx is dy scattered into zeros. The row indices of
 * a list are distinct; the host computes the lists, because it knows the token ids.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { RowCount } from "../shared/row_count.ts";
import { launchScatter } from "../scatter/kernels.ts";
import { scatter } from "../scatter/mod.ts";
import { launchGather } from "./kernels.ts";

type Indexed = { readonly x: Tensor; readonly rows: Tensor };
type Gather = { readonly count: RowCount; readonly factor: number };

const op = defineOp<Indexed, { y: Tensor }, Gather>({
  name: "gather",
  infer(inputs) {
    const { Rc, C } = dims({ x: "R C", rows: "Rc" }, inputs);
    return { y: like(inputs.x, [Rc, C]) };
  },
  forward: (rec, { x, rows }, { y }, { count, factor }) =>
    launchGather(rec, x, rows, y, count, factor),
  vjp(rec, { inputs: { x, rows }, attrs: { count, factor }, gradients }, { y: dy }) {
    if (dy === undefined) return {};
    if (gradients.x === undefined) {
      return { x: backwardOp(rec, { x: dy, rows }, { R: x.shape[0]!, count, factor }).y };
    }
    scatter(rec, gradients.x, dy, rows, count, { scale: factor, accumulate: true });
    return {};
  },
  cost: ({ x, rows }) => ({
    flops: 0,
    bytes: bytesOf(rows) + 2 * bytesPer(x.dtype) * rows.size * x.shape[1]!,
  }),
});

/** Rows scattered into zeros. */
const backwardOp = defineOp<Indexed, { y: Tensor }, Gather & { readonly R: number }>({
  name: "gather_backward",
  infer: ({ x }, { R }) => ({ y: like(x, [R, x.shape[1]!]) }),
  forward(rec, { x, rows }, { y }, { count, factor }) {
    rec.clear(y);
    launchScatter(rec, x, rows, y, count, { factor, accumulate: false });
  },
  cost: ({ x, rows }, { R }) => ({
    flops: 0,
    bytes: 2 * bytesOf(x) + bytesOf(rows) + bytesPer(x.dtype) * R * x.shape[1]!,
  }),
});

/**
 * `y[i] = scale * x[rows[i]]` for i < count, scale 1 by default; the rows of y from count on are
 * left as they are. x is [R, C], rows is u32 [capacity] with distinct numbers, y is [capacity, C].
 * The derivative scatters into zeros.
 *
 * @throws {ShapeError} when the sizes disagree
 * @example
 * ```ts
 * import { gather } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("gather", (rec) => {
 *   const x = rec.input("x", [3, 2], "f32");
 *   const rows = rec.input("rows", [2], "u32");
 *   return { inputs: { x, rows }, outputs: { y: gather(rec, x, rows, 2) } };
 * });
 * plan.run({ x: Float32Array.of(0, 1, 10, 11, 20, 21), rows: Uint32Array.of(2, 0) });
 * assertEquals([...(await plan.read("y")).y], [20, 21, 0, 1]);
 * ```
 */
export function gather(
  rec: Recorder,
  x: Tensor,
  rows: Tensor,
  count: number | Scalar,
  { scale = 1 }: { readonly scale?: number } = {},
): Tensor {
  return op(rec, { x, rows }, { count, factor: scale }).y;
}
