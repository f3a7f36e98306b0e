/**
 * A new op: WGSL, the same computation as a plain loop, shapes, derivative, cost.
 *
 *     deno run -A tests/examples/03_new_op.ts
 *
 * @module
 */
import { backward, defineOp, kernel, openDevice, type Tensor } from "@transformer-xl/mod";
import { like } from "@transformer-xl/runtime";
import { assertEquals } from "@std/assert";

const SOURCE = `
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&c)) { c[id.x] = a[id.x] * b[id.x]; }
}`;
const PRODUCT = kernel<"a" | "b" | "c">("product", SOURCE, ({ a, b, c }) => {
  for (let i = 0; i < c.length; i++) c[i] = a[i]! * b[i]!;
});
const product = defineOp<{ a: Tensor; b: Tensor }, { c: Tensor }, object>({
  name: "product",
  infer: ({ a }) => ({ c: like(a) }),
  forward(rec, { a, b }, { c }) {
    rec.launch({ kernel: PRODUCT, operands: { a, b, c }, threads: a.size });
  },
  vjp: (rec, { inputs: { a, b } }, { c: dc }): { a: Tensor; b: Tensor } => ({
    a: product(rec, { a: dc!, b }, {}).c, // da = dc * b
    b: product(rec, { a: dc!, b: a }, {}).c, // db = dc * a
  }),
  cost: ({ a }) => ({ flops: a.size, bytes: 3 * 4 * a.size }),
});

using device = await openDevice("auto", console.log);
using plan = await device.plan("square", (rec) => {
  const x = rec.input("x", [1], "f32");
  const seed = rec.constant("one", [1], "f32", Float32Array.of(1));
  const y = product(rec, { a: x, b: x }, {}).c;
  return { inputs: { x }, outputs: { y, dx: backward(rec, [[y, seed]], [], [x]).get(x)! } };
});
plan.run({ x: Float32Array.of(1.5) });
const { y, dx } = await plan.read("y", "dx");
assertEquals([y[0], dx[0]], [2.25, 3]); // x^2, 2 x
