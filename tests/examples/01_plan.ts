/**
 * A plan: record once, run many times. Ops compute nothing while recording; only `read` waits.
 *
 *     deno run -A tests/examples/01_plan.ts
 *
 * @module
 */
import { openDevice } from "@transformer-xl/mod";
import { matmul } from "@transformer-xl/kernels";
import { assertEquals } from "@std/assert";

using device = await openDevice("auto", console.log);
using plan = await device.plan("affine", (rec) => {
  const x = rec.input("x", [2, 3], "f32");
  const w = rec.constant("w", [3, 2], "f32", Float32Array.of(1, 0, 0, 1, 1, 1));
  const bias = rec.input("bias", [2], "f32");
  return { inputs: { x, bias }, outputs: { y: matmul(rec, x, w, { bias }) } };
});
console.log(`${plan}${plan.launchCount} launches, ${plan.cost.flops} FLOP, bytes`, plan.bytes);
plan.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6), bias: Float32Array.of(0, 1) });
assertEquals([...(await plan.read("y")).y], [4, 6, 10, 12]);
