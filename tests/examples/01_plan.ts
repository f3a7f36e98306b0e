/**
 * A plan: record once, run many times. Ops called while recording compute nothing; `run` replays the
 * recording on the device, and only `read` waits.
 *
 *     deno run -A tests/examples/01_plan.ts
 *
 * @module
 */
import { matmul } from "@transformer-xl/kernels";
import { add, openDevice } from "@transformer-xl/runtime";
import { assertEquals } from "@std/assert";

using device = await openDevice("auto", console.log);

using plan = await device.plan("affine", (rec) => {
  const x = rec.input("x", [2, 3], "f32");
  const w = rec.input("w", [3, 2], "f32");
  const table = rec.constant("table", [2, 2], "f32", Float32Array.of(1, 0, 0, 1));
  const y = add(rec, matmul(rec, x, w), table);
  return { inputs: { x, w }, outputs: { y } };
});
console.log(plan.toString());

const w = Float32Array.of(1, 0, 0, 1, 1, 1);
plan.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6), w });
console.log("y =", (await plan.read("y")).y);
assertEquals([...(await plan.read("y")).y], [5, 5, 10, 12]);

plan.run({ x: Float32Array.of(0, 0, 0, 1, 1, 1), w });
assertEquals([...(await plan.read("y")).y], [1, 0, 2, 3]);
console.log(`${plan.launchCount} launches, ${plan.cost.flops} FLOP, bytes`, plan.bytes);
