/**
 * A conversion to another element type. There is no promotion: operands of different types need a
 * cast.
 *
 * @module
 */
import { elementwiseOp, type Recorder, type Tensor } from "@transformer-xl/runtime/core";
import { CAST } from "./kernels.ts";

type FloatWidth = "f32" | "f16";

const op = elementwiseOp<"x", { readonly dtype: FloatWidth }>(CAST, {
  flops: 0,
  dtype: ({ dtype }) => dtype,
  vjp: (rec, { inputs: { x } }, dy) => ({ x: cast(rec, dy, x.dtype as FloatWidth) }),
});

/**
 * The floats of `x` as `dtype`, rounded to the nearest where that is narrower; `x` itself where it
 * has that dtype. Derivative: the cotangent in the width of `x`.
 *
 * @example
 * ```ts
 * import { cast } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("halves", (rec) => {
 *   const x = rec.input("x", [2], "f32");
 *   return { inputs: { x }, outputs: { y: cast(rec, x, "f16") } };
 * });
 * plan.run({ x: Float32Array.of(1 + 2 ** -12, 100_000) });
 * assertEquals([...(await plan.read("y")).y], [1, Infinity]);
 * ```
 */
export function cast(rec: Recorder, x: Tensor, dtype: FloatWidth): Tensor {
  return x.dtype === dtype ? x : op(rec, { x }, { dtype });
}
