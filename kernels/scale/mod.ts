/**
 * A tensor times a number.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  elementwiseWorkgroups,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime";
import { SCALE } from "./kernels.ts";

const op = defineOp<{ x: Tensor }, { y: Tensor }, { readonly factor: number }>({
  name: "scale",
  infer: ({ x }) => ({ y: like(x) }),
  forward(rec, { x }, { y }, { factor }) {
    rec.launch({
      kernel: SCALE,
      operands: { x, y },
      scalars: { count: x.size, factor },
      workgroups: elementwiseWorkgroups(rec, x.size),
    });
  },
  vjp: (rec, { attrs: { factor } }, { y: dy }) => ({ x: dy && scale(rec, dy, factor) }),
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x, x) }),
});

/** `factor * x`, elementwise. Derivative: dx = factor * dy. */
export function scale(rec: Recorder, x: Tensor, factor: number): Tensor {
  return op(rec, { x }, { factor }).y;
}
