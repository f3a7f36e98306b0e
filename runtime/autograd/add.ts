/**
 * Sums for autograd: of cotangents that reach the same value, and into a parameter's gradient.
 *
 * @module
 */
import accumulateSource from "./accumulate.wgsl" with { type: "text" };
import addSource from "./add.wgsl" with { type: "text" };
import { dims } from "../tensor/shape.ts";
import { elementwiseKernel, elementwiseWorkgroups } from "../record/elementwise.ts";
import { bytesOf, defineOp, like } from "../record/op.ts";
import type { Recorder } from "../record/recorder.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ShapeError } from "../base/errors.ts";

const ADD = elementwiseKernel("add", addSource, ({ a, b, c }, { count }) => {
  for (let i = 0; i < count!; i++) c![i] = a![i]! + b![i]!;
});

const ACCUMULATE = elementwiseKernel("accumulate", accumulateSource, ({ x, sum }, { count }) => {
  for (let i = 0; i < count!; i++) sum![i]! += x![i]!;
});

const addOp = defineOp<{ a: Tensor; b: Tensor }, { c: Tensor }, Record<string, never>>({
  name: "add",
  infer(inputs) {
    const axes = inputs.a.shape.map((_, i) => `A${i}`).join(" ");
    dims({ a: axes, b: axes }, inputs);
    return { c: like(inputs.a) };
  },
  forward(rec, { a, b }, { c }) {
    rec.launch({
      kernel: ADD,
      operands: { a, b, c },
      scalars: { count: a.size },
      workgroups: elementwiseWorkgroups(rec, a.size),
    });
  },
  vjp: (_rec, _at, { c: dc }) => ({ a: dc, b: dc }),
  cost: ({ a, b }) => ({ flops: a.size, bytes: bytesOf(a, b, a) }),
});

/**
 * `a + b`, elementwise, of the same shape. Derivative: the cotangent flows to both.
 *
 * @throws {ShapeError} when the shapes differ
 */
export function add(rec: Recorder, a: Tensor, b: Tensor): Tensor {
  return addOp(rec, { a, b }, {}).c;
}

/**
 * `sum += x`, elementwise, in place: accumulation into a parameter's gradient.
 *
 * @throws {ShapeError} when the sizes differ
 */
export function accumulate(rec: Recorder, sum: Tensor, x: Tensor): void {
  if (sum.size !== x.size) {
    throw new ShapeError(
      `Cannot add "${x.label}" [${x.shape}] to "${sum.label}": current shape is [${sum.shape}]`,
    );
  }
  const from = rec.commands.length;
  rec.launch({
    kernel: ACCUMULATE,
    operands: { x, sum },
    scalars: { count: x.size },
    workgroups: elementwiseWorkgroups(rec, x.size),
  });
  rec.nodes.push({
    name: "accumulate",
    inputs: { x },
    outputs: {},
    commands: [from, rec.commands.length],
    cost: { flops: x.size, bytes: bytesOf(x, sum, sum) },
    vjp: undefined,
  });
}
