/**
 * A position-wise feed-forward network with its dropout: two linear layers around a ReLU.
 *
 *     h = drop(relu(x W1^T + b1)),  y = h W2^T + b2
 *     dz = h > 0 ? (dy W2) / (1 - rate) : 0,  dx = dz W1
 *     dW1 = dz^T x,  db1 = sum over rows of dz,  dW2 = dy^T h,  db2 = sum over rows of dy
 *
 * An element of h is positive if and only if it was kept and its ReLU is positive, so the derivative
 * draws no mask: the product dy W2 ends with the test of h. Bias, ReLU and dropout end the first
 * product, so that h is written once.
 *
 * @module
 */
import {
  bytesOf,
  bytesPer,
  defineOp,
  dims,
  like,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { Dropout } from "../dropout/mod.ts";
import {
  cotangentsOf,
  launchWholeProduct,
  type Product,
  recordCotangent,
} from "../matmul/product.ts";
import { accumulateSumRows, sumRows } from "../sum_rows/mod.ts";

/** Weights of {@link feedForward}, as linear layers store them. */
export interface FeedForwardWeights {
  /** [F, D]. */
  readonly w1: Tensor;
  /** [F]. */
  readonly b1: Tensor;
  /** [D, F]. */
  readonly w2: Tensor;
  /** [D]. */
  readonly b2: Tensor;
}

type In = FeedForwardWeights & { readonly x: Tensor; readonly keep: Tensor | undefined } & {
  readonly [name: string]: Tensor | undefined;
};
type Out = { readonly y: Tensor; readonly hidden: Tensor };
type Attrs = { readonly dropout: Dropout | undefined };

const inner = ({ x, w1 }: Pick<In, "x" | "w1">): Product => ({ form: "NT", a: x, b: w1 });
const outer = (hidden: Tensor, { w2 }: Pick<In, "w2">): Product => ({
  form: "NT",
  a: hidden,
  b: w2,
});

const op = defineOp<In, Out, Attrs>({
  name: "feed_forward",
  infer({ x, w1, b1, w2, b2 }) {
    const axes = { x: "R D", w1: "F D", b1: "F", w2: "E F", b2: "E" } as const;
    const { R, F, E } = dims(axes, { x, w1, b1, w2, b2 });
    return { y: like(x, [R, E]), hidden: like(x, [R, F]) };
  },
  forward(rec, inputs, { y, hidden }, { dropout }) {
    launchWholeProduct(rec, inner(inputs), hidden, { bias: inputs.b1, relu: true, dropout });
    launchWholeProduct(rec, outer(hidden, inputs), y, { bias: inputs.b2 });
  },
  vjp(rec, { inputs, outputs: { hidden }, attrs: { dropout }, wants, gradients }, { y: dy }) {
    if (dy === undefined) return {};
    const second = cotangentsOf(outer(hidden, inputs), dy);
    const alpha = 1 / (1 - (dropout?.rate ?? 0));
    const toWeight = (name: "w1" | "w2", of: Product) =>
      wants(name) ? recordCotangent(rec, of, gradients[name]) : undefined;
    const toBias = (name: "b1" | "b2", rows: Tensor) => {
      if (!wants(name)) return undefined;
      if (gradients[name] === undefined) return sumRows(rec, rows);
      accumulateSumRows(rec, gradients[name], rows);
      return undefined;
    };
    const b2 = toBias("b2", dy);
    const dz = recordCotangent(rec, second.da, undefined, { gate: hidden, alpha })!;
    const w2 = toWeight("w2", second.db);
    const first = cotangentsOf(inner(inputs), dz);
    const b1 = toBias("b1", dz);
    const x = wants("x") ? recordCotangent(rec, first.da, gradients.x) : undefined;
    return { x, w1: toWeight("w1", first.db), b1, w2, b2 };
  },
  cost({ x, w1, b1, w2, b2 }) {
    const { R, D, F, E } = dims({ x: "R D", w1: "F D", w2: "E F" }, { x, w1, w2 });
    return {
      flops: 2 * R * F * (D + E),
      bytes: bytesOf(x, w1, b1, w2, b2) + bytesPer(x.dtype) * R * (2 * F + E),
    };
  },
});

/**
 * Records `drop(relu(x W1^T + b1)) W2^T + b2`: x [R, D] -> [R, E].
 *
 * @param dropout of the hidden rows [R, F]; none by default
 * @throws {ShapeError} when the sizes differ
 * @example
 * ```ts
 * import { feedForward } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("feed forward", (rec) => {
 *   const x = rec.input("x", [1, 1], "f32");
 *   const constant = (name: string, shape: number[], ...values: number[]) =>
 *     rec.constant(name, shape, "f32", Float32Array.from(values));
 *   const y = feedForward(rec, x, {
 *     w1: constant("w1", [2, 1], 1, -1),
 *     b1: constant("b1", [2], 0, 0),
 *     w2: constant("w2", [1, 2], 10, 100),
 *     b2: constant("b2", [1], 1),
 *   });
 *   return { inputs: { x }, outputs: { y } };
 * });
 * plan.run({ x: Float32Array.of(3) });
 * assertEquals([...(await plan.read("y")).y], [31]);
 * ```
 */
export function feedForward(
  rec: Recorder,
  x: Tensor,
  { w1, b1, w2, b2 }: FeedForwardWeights,
  dropout?: Dropout,
): Tensor {
  const drop = dropout?.rate === 0 ? undefined : dropout;
  const keep = drop?.mask.kind === "given" ? drop.mask.keep : undefined;
  return op(rec, { x, w1, b1, w2, b2, keep }, { dropout: drop }).y;
}
