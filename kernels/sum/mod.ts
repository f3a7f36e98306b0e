/**
 * The sum of all elements of a tensor.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  f32,
  launchElementwise,
  like,
  type Recorder,
  sizeOf,
  type Spec,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { BROADCAST, SUM } from "./kernels.ts";

/** Elements that one lane adds up before the second level, and most results of the first. */
const PER_LANE = 16;
const MAX_GROUPS = 256;

const broadcastOp = defineOp<{ x: Tensor }, { y: Tensor }, Spec>({
  name: "broadcast",
  infer: (_inputs, spec) => ({ y: spec }),
  forward(rec, { x }, { y }) {
    launchElementwise(rec, BROADCAST, { x, y }, y.size);
  },
  cost: (_inputs, { shape, dtype }) => ({ flops: 0, bytes: bytesPer(dtype) * sizeOf(shape) }),
});

const op = defineOp<{ x: Tensor }, { y: Tensor }, Record<string, never>>({
  name: "sum",
  infer: () => ({ y: f32([1]) }),
  forward(rec, { x }, { y }) {
    const groups = Math.min(MAX_GROUPS, Math.ceil(x.size / (64 * PER_LANE)));
    const partial = groups > 1 ? rec.temporary([groups], "f32", "sum.partial") : y;
    // At least one workgroup, so that the sum of nothing is zero.
    launchSum(rec, x, partial, Math.max(1, groups));
    if (groups > 1) launchSum(rec, partial, y, 1);
  },
  vjp: (rec, { inputs: { x } }, { y: dy }) => ({
    x: dy && broadcastOp(rec, { x: dy }, like(x)).y,
  }),
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x) }),
});

function launchSum(rec: Recorder, x: Tensor, y: Tensor, groups: number): void {
  rec.launch({
    kernel: SUM,
    operands: { x, y },
    scalars: { count: x.size, groups },
    workgroups: [groups],
  });
}

/** The sum of all elements, [1], in a fixed order. Derivative: the cotangent at every element. */
export function sum(rec: Recorder, x: Tensor): Tensor {
  return op(rec, { x }, {}).y;
}
