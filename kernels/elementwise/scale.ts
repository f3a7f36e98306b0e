/**
 * A tensor times a number.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  elementwiseKernel,
  elementwiseWorkgroups,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime";
import source from "./scale.wgsl" with { type: "text" };

const SCALE = elementwiseKernel("scale", source, ({ x, y }, { count, factor }) => {
  for (let i = 0; i < count!; i++) y![i] = factor! * x![i]!;
});

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
