/**
 * Parameters and gradients: `backward` walks the recording and records the derivative behind it.
 *
 *     deno run -A tests/examples/02_gradient.ts
 *
 * @module
 */
import { backward, openDevice, ParameterStore } from "@transformer-xl/mod";
import { matmul } from "@transformer-xl/kernels";
import { initialise } from "@transformer-xl/model";
import { gradientsOf, readParameters } from "@transformer-xl/runtime";
import { assertEquals } from "@std/assert";

using device = await openDevice("auto", console.log);
using store = new ParameterStore();
const w = store.param("w", [3, 2], { kind: "constant", value: 0.5 });
const bias = store.param("bias", [2], { kind: "constant", value: 0 });
store.allocate(device, { gradients: true });
initialise(device, store, 1);

// y = x w + bias; loss = sum of y, so d loss / d y = 1.
using plan = await device.plan("gradient", (rec) => {
  const x = rec.input("x", [4, 3], "f32");
  const y = matmul(rec, x, w, { bias });
  backward(rec, [[y, rec.constant("ones", [4, 2], "f32", new Float32Array(8).fill(1))]], [w, bias]);
  return { inputs: { x }, outputs: { y } };
});
plan.run({ x: Float32Array.from({ length: 12 }, (_, i) => i) });
const gradients = await Array.fromAsync(readParameters(device, store, gradientsOf(store)));
const values = gradients.flatMap(([, gradient]) => [...gradient]);
assertEquals(values, [18, 18, 22, 22, 26, 26, 4, 4]); // column sums of x, rows of y
