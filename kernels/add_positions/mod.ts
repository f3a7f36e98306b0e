/**
 * Rows with positions added: `y[j * B + b] = x[j * B + b] + p[j]`, the same for every batch column;
 * dx = dy, dp sums over the columns.
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
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { ADD_POSITIONS, ADD_POSITIONS_BACKWARD } from "./kernels.ts";

const backwardOp = defineOp<{ dy: Tensor }, { dp: Tensor }, { readonly J: number }>({
  name: "add_positions_backward",
  infer: ({ dy }, { J }) => ({ dp: like(dy, [J, dy.shape[1]!]) }),
  forward(rec, { dy }, { dp }, { J }) {
    const [rows, columns] = dy.shape as [number, number];
    const sizes = { B: rows / J, columns };
    launchElementwise(rec, ADD_POSITIONS_BACKWARD, { dy, dp }, dp.size, sizes);
  },
  cost: ({ dy }, { J }) => ({
    flops: dy.size,
    bytes: bytesOf(dy) + bytesPer(dy.dtype) * J * dy.shape[1]!,
  }),
});

const op = defineOp<{ x: Tensor; p: Tensor }, { y: Tensor }, object>({
  name: "add_positions",
  infer(inputs) {
    const { R, J } = dims({ x: "R C", p: "J C" }, inputs);
    if (R % J !== 0) {
      throw new ShapeError(
        `Cannot add ${J} positions to "${inputs.x.label}" [${inputs.x.shape}]: its rows are no ` +
          "multiple of them",
      );
    }
    return { y: like(inputs.x) };
  },
  forward(rec, { x, p }, { y }) {
    const [J, columns] = p.shape as [number, number];
    const sizes = { B: x.shape[0]! / J, columns };
    launchElementwise(rec, ADD_POSITIONS, { x, p, y }, y.size, sizes);
  },
  vjp: (rec, { inputs: { p }, wants }, { y: dy }) => ({
    x: dy,
    p: dy && wants("p") ? backwardOp(rec, { dy }, { J: p.shape[0]! }).dp : undefined,
  }),
  cost: ({ x, p }) => ({ flops: x.size, bytes: bytesOf(x, p, x) }),
});

/**
 * Rows x [J B, C], time-major, plus positions [J, C], which all B batch columns share: [J B, C].
 * Differentiable in both.
 *
 * @throws {ShapeError} when the columns differ, or the rows are no multiple of the positions
 * @example
 * ```ts
 * import { addPositions } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("positions", (rec) => {
 *   const x = rec.input("x", [4, 1], "f32"); // two rows of two batch columns
 *   const p = rec.input("p", [2, 1], "f32");
 *   return { inputs: { x, p }, outputs: { y: addPositions(rec, x, p) } };
 * });
 * plan.run({ x: Float32Array.of(1, 2, 3, 4), p: Float32Array.of(10, 20) });
 * assertEquals([...(await plan.read("y")).y], [11, 12, 23, 24]);
 * ```
 */
export function addPositions(rec: Recorder, x: Tensor, positions: Tensor): Tensor {
  return op(rec, { x, p: positions }, {}).y;
}
