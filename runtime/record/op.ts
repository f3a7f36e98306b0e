/**
 * Ops: `defineOp({ name, infer, forward, vjp, cost })` makes a function on tensor handles. A `vjp`
 * may use any input or output; the planner sees the use and keeps it alive.
 *
 * @module
 */
import { bytesPer, type DType } from "../tensor/dtype.ts";
import type { Cost, NodeOptions, Recorder } from "./recorder.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor, Tensors } from "../tensor/tensor.ts";

/** Shape and dtype of an output. */
export interface Spec {
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
}

/** Cotangents by name; absent without a gradient. */
export type Grads<T> = { readonly [K in keyof T]?: Tensor | undefined };

/** Where a `vjp` is taken. */
export interface VjpSite<I, O, A> {
  /** Inputs of the forward call. */
  readonly inputs: I;
  /** Outputs of the forward call. */
  readonly outputs: O;
  /** Attributes of the forward call. */
  readonly attrs: A;
  /** True when the cotangent of an input is needed. */
  wants(input: keyof I): boolean;
  /**
   * Where the cotangents of inputs may be added to: the gradient ranges of parameters, and of other
   * values the cotangents that have reached them already. A `vjp` may add into one itself and omit
   * the input from its result; autograd adds returned cotangents.
   */
  readonly gradients: Grads<I>;
}

/** Definition of an op. */
export interface OpDefinition<I extends Tensors, O extends Tensors, A> {
  /** Name in the plan. */
  readonly name: string;
  /** Shapes and dtypes of the outputs; throws ShapeError. */
  infer(inputs: I, attrs: A): { readonly [K in keyof O]: Spec };
  /** Appends the launches that compute `outputs`. */
  forward(rec: Recorder, inputs: I, outputs: O, attrs: A): void;
  /** Records the cotangents of the inputs, given those of the outputs. */
  vjp?(rec: Recorder, at: VjpSite<I, O, A>, grads: Grads<O>): Grads<I>;
  /** Work of one call. */
  cost(inputs: I, attrs: A): Cost;
}

/**
 * Turns a definition into a function that records it.
 *
 * @example
 * ```ts
 * import {
 *   bytesOf,
 *   defineOp,
 *   kernel,
 *   like,
 *   type Recorder,
 *   ReferenceDevice,
 *   type Tensor,
 * } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const SQUARE = kernel<"x" | "y", "count">("square", `
 *   struct Scalars { count: u32 }
 *   @group(0) @binding(0) var<storage, read> x: array<f32>;
 *   @group(0) @binding(1) var<storage, read_write> y: array<f32>;
 *   @group(0) @binding(2) var<uniform> scalars: Scalars;
 *   @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
 *     if (id.x < scalars.count) { y[id.x] = x[id.x] * x[id.x]; }
 *   }
 * `, ({ x, y }, { count }) => { for (let i = 0; i < count; i++) y[i] = x[i]! ** 2; });
 *
 * const square = defineOp<{ x: Tensor }, { y: Tensor }, object>({
 *   name: "square",
 *   infer: ({ x }) => ({ y: like(x) }),
 *   forward(rec: Recorder, { x }, { y }) {
 *     rec.launch({
 *       kernel: SQUARE,
 *       operands: { x, y },
 *       scalars: { count: x.size },
 *       threads: x.size,
 *     });
 *   },
 *   cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x, x) }),
 * });
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("square", (rec) => {
 *   const x = rec.input("x", [3], "f32");
 *   return { inputs: { x }, outputs: square(rec, { x }, {}) };
 * });
 * plan.run({ x: Float32Array.of(1, 2, 3) });
 * assertEquals([...(await plan.read("y")).y], [1, 4, 9]);
 * ```
 */
export function defineOp<I extends Tensors, O extends Tensors, A>(
  definition: OpDefinition<I, O, A>,
): (rec: Recorder, inputs: I, attrs: A) => O {
  return (rec, inputs, attrs) => {
    const specs = Object.entries(definition.infer(inputs, attrs)) as [string, Spec][];
    const outputs = Object.fromEntries(
      specs.map(([key, { shape, dtype }]) => [
        key,
        rec.temporary(shape, dtype, `${definition.name}.${key}`),
      ]),
    ) as unknown as O;
    const { name, vjp } = definition;
    const work: NodeOptions = {
      inputs,
      outputs,
      cost: definition.cost(inputs, attrs),
      vjp: vjp && ((grads, wants, gradients) =>
        vjp(
          rec,
          {
            inputs,
            outputs,
            attrs,
            wants: (input) => wants.has(input as string),
            gradients: gradients as Grads<I>,
          },
          grads as Grads<O>,
        ) as Tensors),
    };
    rec.node(name, work, () => definition.forward(rec, inputs, outputs, attrs));
    return outputs;
  };
}

/** The spec of a tensor like `tensor`, optionally of another shape. */
export function like(tensor: Tensor, shape: Shape = tensor.shape): Spec {
  return { shape, dtype: tensor.dtype };
}

/** The spec of a float32 tensor. */
export function f32(shape: Shape): Spec {
  return { shape, dtype: "f32" };
}

/** Bytes of several tensors; absent ones count nothing. */
export function bytesOf(...tensors: readonly (Tensor | undefined)[]): number {
  return tensors.reduce((sum, t) => sum + (t ? t.size * bytesPer(t.dtype) : 0), 0);
}

/**
 * The same elements in another shape. Costs nothing: no launch is recorded.
 *
 * @throws {TypeError} when the number of elements differs
 */
export function reshape(rec: Recorder, x: Tensor, shape: Shape): Tensor {
  const y = rec.alias(x, shape);
  const work: NodeOptions = {
    inputs: { x },
    outputs: { y },
    cost: { flops: 0, bytes: 0 },
    vjp: ({ y: dy }) => ({ x: dy && reshape(rec, dy, x.shape) }),
  };
  rec.node("reshape", work, () => {});
  return y;
}
