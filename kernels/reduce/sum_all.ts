/**
 * The sum of all elements of a tensor.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  elementwiseKernel,
  elementwiseWorkgroups,
  f32,
  kernel,
  like,
  type Recorder,
  sizeOf,
  type Spec,
  type Tensor,
} from "@transformer-xl/runtime";
import broadcastSource from "./broadcast.wgsl" with { type: "text" };
import source from "./sum_all.wgsl" with { type: "text" };

/** Elements that one lane adds up before the second level, and most results of the first. */
const PER_LANE = 16;
const MAX_GROUPS = 256;

const SUM_ALL = kernel("sum_all", source, ({ x, y }, { count, groups }) => {
  const stride = 64 * groups!;
  for (let g = 0; g < groups!; g++) {
    let sum = 0;
    for (let turn = 64 * g; turn < count!; turn += stride) {
      const end = Math.min(count!, turn + 64);
      for (let i = turn; i < end; i++) sum += x![i]!;
    }
    y![g] = sum;
  }
});

const BROADCAST = elementwiseKernel("broadcast", broadcastSource, ({ x, y }, { count }) => {
  y!.fill(x![0]!, 0, count!);
});

const broadcastOp = defineOp<{ x: Tensor }, { y: Tensor }, Spec>({
  name: "broadcast",
  infer: (_inputs, spec) => ({ y: spec }),
  forward(rec, { x }, { y }) {
    rec.launch({
      kernel: BROADCAST,
      operands: { x, y },
      scalars: { count: y.size },
      workgroups: elementwiseWorkgroups(rec, y.size),
    });
  },
  cost: (_inputs, { shape, dtype }) => ({ flops: 0, bytes: bytesPer(dtype) * sizeOf(shape) }),
});

const op = defineOp<{ x: Tensor }, { y: Tensor }, Record<string, never>>({
  name: "sum_all",
  infer: () => ({ y: f32([1]) }),
  forward(rec, { x }, { y }) {
    const groups = Math.min(MAX_GROUPS, Math.ceil(x.size / (64 * PER_LANE)));
    const partial = groups > 1 ? rec.temporary([groups], "f32", "sum_all.partial") : y;
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
    kernel: SUM_ALL,
    operands: { x, y },
    scalars: { count: x.size, groups },
    workgroups: [groups],
  });
}

/** The sum of all elements, [1], in a fixed order. Derivative: the cotangent at every element. */
export function sum(rec: Recorder, x: Tensor): Tensor {
  return op(rec, { x }, {}).y;
}
