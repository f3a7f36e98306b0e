/**
 * Concatenation of the rows of two matrices; the derivative slices.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  launchElementwise,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { itemWidth } from "../shared/items/item_width.ts";
import { slice } from "../slice/mod.ts";
import { CONCAT } from "./kernels.ts";

const op = defineOp<{ a: Tensor; b: Tensor }, { y: Tensor }, Record<string, never>>({
  name: "concat",
  infer(inputs) {
    const { Ra, Rb, C } = dims({ a: "Ra C", b: "Rb C" }, inputs);
    return { y: like(inputs.a, [Ra + Rb, C]) };
  },
  forward(rec, { a, b }, { y }) {
    const width = itemWidth(a.shape[1]!);
    const first = a.size / width;
    launchElementwise(rec, CONCAT[width], { a, b, y }, y.size / width, { first });
  },
  vjp(rec, { inputs: { a, b }, wants }, { y: dy }) {
    if (dy === undefined) return {};
    const [Ra, Rb] = [a.shape[0]!, b.shape[0]!];
    return {
      a: wants("a") ? slice(rec, dy, { start: 0, count: Ra }) : undefined,
      b: wants("b") ? slice(rec, dy, { start: Ra, count: Rb }) : undefined,
    };
  },
  cost: ({ a, b }) => ({ flops: 0, bytes: 2 * bytesOf(a, b) }),
});

/**
 * The rows of `a`, then those of `b`: [Ra, C] and [Rb, C] -> [Ra + Rb, C].
 *
 * @throws {ShapeError} when the columns differ
 * @example
 * ```ts
 * import { concat, slice } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("memory", (rec) => {
 *   const memory = rec.input("memory", [2, 1], "f32");
 *   const hidden = rec.input("hidden", [2, 1], "f32");
 *   const keys = concat(rec, memory, hidden);
 *   const next = slice(rec, keys, { start: 2, count: 2 });
 *   return { inputs: { memory, hidden }, outputs: { keys, next } };
 * });
 * plan.run({ memory: Float32Array.of(1, 2), hidden: Float32Array.of(3, 4) });
 * const { keys, next } = await plan.read("keys", "next");
 * assertEquals([[...keys], [...next]], [[1, 2, 3, 4], [3, 4]]);
 * ```
 */
export function concat(rec: Recorder, a: Tensor, b: Tensor): Tensor {
  return op(rec, { a, b }, {}).y;
}
