/**
 * The same numbers in another width. There is no promotion: where widths meet, one of them is cast.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  elementwiseWorkgroups,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime";
import { CAST } from "./kernels.ts";

type FloatWidth = "f32" | "f16";

const op = defineOp<{ x: Tensor }, { y: Tensor }, { readonly dtype: FloatWidth }>({
  name: "cast",
  infer: ({ x }, { dtype }) => ({ y: { shape: x.shape, dtype } }),
  forward(rec, { x }, { y }) {
    rec.launch({
      kernel: CAST,
      operands: { x, y },
      scalars: { count: x.size },
      workgroups: elementwiseWorkgroups(rec, x.size),
    });
  },
  vjp: (rec, { inputs: { x } }, { y: dy }) => ({
    x: dy && cast(rec, dy, x.dtype as FloatWidth),
  }),
  cost: ({ x }, { dtype }) => ({ flops: 0, bytes: bytesOf(x) + bytesPer(dtype) * x.size }),
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
  return x.dtype === dtype ? x : op(rec, { x }, { dtype }).y;
}
