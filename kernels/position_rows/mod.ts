/**
 * Rows of a learned table by distance: `y[j] = x[R-1 - min(max(newest - j, 0), maxDistance)]`. The
 * last row of the table is distance 0; distances beyond the maximum read the farthest row that is
 * left. The derivative sums the rows that read the same row.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  launchElementwise,
  like,
  type Recorder,
  type Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { POSITION_ROWS, POSITION_ROWS_BACKWARD } from "./kernels.ts";

/** Options of {@link positionRows}. */
export interface PositionRowsOptions {
  /** Rows of the result. */
  readonly count: number;
  /** Row at distance 0; those after it are at distance 0 too. */
  readonly newest: number | Scalar;
  /** Distance to which larger ones are clamped, at most R - 1. */
  readonly maxDistance: number;
}

type Backward = PositionRowsOptions & { readonly R: number };

const backwardOp = defineOp<{ dy: Tensor }, { dx: Tensor }, Backward>({
  name: "position_rows_backward",
  infer: ({ dy }, { R }) => ({ dx: like(dy, [R, dy.shape[1]!]) }),
  forward(rec, { dy }, { dx }, { R, count, newest, maxDistance }) {
    const columns = dy.shape[1]!;
    launchElementwise(rec, POSITION_ROWS_BACKWARD, { dy, dx }, dx.size, {
      columns,
      R,
      rows: count,
      newest,
      maxDistance,
    });
  },
  cost: ({ dy }, { R }) => ({
    flops: dy.size,
    bytes: bytesOf(dy) + bytesPer(dy.dtype) * R * dy.shape[1]!,
  }),
});

const op = defineOp<{ x: Tensor }, { y: Tensor }, PositionRowsOptions>({
  name: "position_rows",
  infer(inputs, { count, maxDistance }) {
    const { R, C } = dims({ x: "R C" }, inputs);
    if (maxDistance >= R) {
      throw new ShapeError(
        `Cannot read distances up to ${maxDistance} from "${inputs.x.label}": it has ${R} rows`,
      );
    }
    return { y: like(inputs.x, [count, C]) };
  },
  forward(rec, { x }, { y }, { newest, maxDistance }) {
    const [R, columns] = x.shape as [number, number];
    launchElementwise(rec, POSITION_ROWS, { x, y }, y.size, { columns, R, newest, maxDistance });
  },
  vjp: (rec, { inputs: { x }, attrs }, { y: dy }) => ({
    x: dy && backwardOp(rec, { dy }, { ...attrs, R: x.shape[0]! }).dx,
  }),
  cost: ({ x }, { count }) => ({
    flops: 0,
    bytes: 2 * bytesPer(x.dtype) * count * x.shape[1]!,
  }),
});

/**
 * The rows of a table [R, C] at the distances of `count` rows, [count, C]. Differentiable.
 *
 * @throws {ShapeError} when the table has no row for the maximum distance
 * @example
 * ```ts
 * import { positionRows } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("positions", (rec) => {
 *   const table = rec.input("table", [3, 1], "f32"); // distances 2, 1, 0
 *   const y = positionRows(rec, table, { count: 5, newest: 4, maxDistance: 1 });
 *   return { inputs: { table }, outputs: { y } };
 * });
 * plan.run({ table: Float32Array.of(20, 10, 0) });
 * assertEquals([...(await plan.read("y")).y], [10, 10, 10, 10, 0]);
 * ```
 */
export function positionRows(rec: Recorder, table: Tensor, options: PositionRowsOptions): Tensor {
  return op(rec, { x: table }, options).y;
}
