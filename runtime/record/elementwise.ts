/**
 * Ops and kernels whose elements do not depend on each other: the source declares
 * `fn element(i: u32)`, and the walk over all elements is shared.
 *
 * @module
 */
import { bytesPer, type DType } from "../tensor/dtype.ts";
import { dims } from "../tensor/shape.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import mainSource from "./elementwise.wgsl" with { type: "text" };
import type { VectorCode } from "../wasm/vector_code.ts";
import { type Kernel, kernel, type Loops } from "./kernel.ts";
import { bytesOf, defineOp, type Grads } from "./op.ts";
import type { Recorder } from "./recorder.ts";

/** Elements of one thread. */
const ELEMENTS = 8;

/**
 * A kernel from its bindings, its `Scalars` and `fn element(i: u32)`, which must ignore an `i` that
 * is not below `scalars.count`.
 *
 * @throws {ShaderError} as `kernel` does
 */
export function elementwiseKernel<Operands extends string = never, Sizes extends string = never>(
  name: string,
  source: string,
  loops: Loops<Operands, Sizes>,
  vectorCode?: VectorCode,
): Kernel {
  return kernel(name, `${source}\n${mainSource}`, loops, vectorCode);
}

/** Records an elementwise kernel over `count` elements. */
export function launchElementwise(
  rec: Recorder,
  kernel: Kernel,
  operands: Readonly<Record<string, Tensor>>,
  count: number,
  scalars: Readonly<Record<string, number | Scalar>> = {},
): void {
  rec.launch({
    kernel,
    operands,
    scalars: { count, ...scalars },
    threads: Math.ceil(count / ELEMENTS),
  });
}

/** What an elementwise op is beside its kernel. */
export interface ElementwiseDefinition<Inputs extends string, Attrs> {
  /** Operations per element, 1 by default. */
  readonly flops?: number;
  /** Element type of the output; that of the first input by default. */
  dtype?(attrs: Attrs): DType;
  /** Records the cotangents of the inputs, given that of the output. */
  vjp?(
    rec: Recorder,
    at: {
      readonly inputs: Readonly<Record<Inputs, Tensor>>;
      readonly output: Tensor;
      readonly attrs: Attrs;
    },
    cotangent: Tensor,
  ): Grads<Record<Inputs, Tensor>>;
}

/**
 * An op from an elementwise kernel: its inputs are the operands that the kernel reads, its output is
 * the one that it writes, and attributes fill the scalars beside `count` by name.
 *
 * The function it returns throws `ShapeError` when the inputs differ in shape.
 *
 * @example
 * ```ts
 * import { elementwiseKernel, elementwiseOp, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const SUBTRACT = elementwiseKernel<"a" | "b" | "c", "count">("subtract", `
 *   struct Scalars { count: u32 }
 *   @group(0) @binding(0) var<storage, read> a: array<f32>;
 *   @group(0) @binding(1) var<storage, read> b: array<f32>;
 *   @group(0) @binding(2) var<storage, read_write> c: array<f32>;
 *   @group(0) @binding(3) var<uniform> scalars: Scalars;
 *   fn element(i: u32) {
 *     if (i < scalars.count) { c[i] = a[i] - b[i]; }
 *   }
 * `, ({ a, b, c }, { count }) => { for (let i = 0; i < count; i++) c[i] = a[i]! - b[i]!; });
 * const subtract = elementwiseOp<"a" | "b">(SUBTRACT);
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("difference", (rec) => {
 *   const [a, b] = [rec.input("a", [2], "f32"), rec.input("b", [2], "f32")];
 *   return { inputs: { a, b }, outputs: { c: subtract(rec, { a, b }, {}) } };
 * });
 * plan.run({ a: Float32Array.of(5, 7), b: Float32Array.of(1, 2) });
 * assertEquals([...(await plan.read("c")).c], [4, 5]);
 * ```
 */
export function elementwiseOp<Inputs extends string, Attrs extends object = object>(
  kernel: Kernel,
  { flops = 1, dtype, vjp }: ElementwiseDefinition<Inputs, Attrs> = {},
): (rec: Recorder, inputs: Readonly<Record<Inputs, Tensor>>, attrs: Attrs) => Tensor {
  const out = kernel.bindings.find(({ access }) => access === "read_write")!.name;
  const fields = kernel.scalars.map(({ name }) => name).filter((name) => name !== "count");
  type In = Readonly<Record<Inputs, Tensor>>;
  const op = defineOp<In, Readonly<Record<string, Tensor>>, Attrs>({
    name: kernel.name,
    infer(inputs, attrs) {
      const [first] = Object.values<Tensor>(inputs) as [Tensor];
      const axes = first.shape.map((_, axis) => `A${axis}`).join(" ");
      dims(Object.fromEntries(Object.keys(inputs).map((name) => [name, axes])), inputs);
      return { [out]: { shape: first.shape, dtype: dtype?.(attrs) ?? first.dtype } };
    },
    forward(rec, inputs, outputs, attrs) {
      const given = attrs as Readonly<Record<string, number | Scalar>>;
      const scalars = Object.fromEntries(fields.map((name) => [name, given[name]!]));
      launchElementwise(rec, kernel, { ...inputs, ...outputs }, outputs[out]!.size, scalars);
    },
    ...(vjp && {
      vjp: (rec, { inputs, outputs, attrs }, { [out]: cotangent }) =>
        cotangent === undefined
          ? {}
          : vjp(rec, { inputs, output: outputs[out]!, attrs }, cotangent),
    }),
    cost(inputs, attrs) {
      const [first] = Object.values<Tensor>(inputs) as [Tensor];
      const written = first.size * bytesPer(dtype?.(attrs) ?? first.dtype);
      return {
        flops: flops * first.size,
        bytes: bytesOf(...Object.values<Tensor>(inputs)) + written,
      };
    },
  });
  return (rec, inputs, attrs) => op(rec, inputs, attrs)[out]!;
}
