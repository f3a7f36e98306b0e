/**
 * Parameters and gradients: `backward` walks the recording and records the derivative behind it.
 *
 *     deno run -A tests/examples/02_gradient.ts
 *
 * @module
 */
import { matmul, sum } from "@transformer-xl/kernels";
import {
  backward,
  gradientsOf,
  openDevice,
  ParameterStore,
  readParameters,
  reshape,
  weightsOf,
  writeParameters,
} from "@transformer-xl/runtime";
import { assertEquals } from "@std/assert";

using device = await openDevice("auto", console.log);
using store = new ParameterStore();
const w = store.param("w", [3, 2], { kind: "constant", value: 0.5 });
const bias = store.param("bias", [2], { kind: "constant", value: 0 });
store.allocate(device, { gradients: true });
writeParameters(
  device,
  store,
  weightsOf(store),
  ({ shape, init }) =>
    new Float32Array(shape.reduce((size, axis) => size * axis, 1))
      .fill(init.kind === "constant" ? init.value : 0),
);

// y = x w + bias; loss = sum of y; the seed is d loss / d y = 1.
using plan = await device.plan("loss and gradient", (rec) => {
  const x = rec.input("x", [4, 3], "f32");
  const y = matmul(rec, x, w, { bias });
  const ones = rec.constant("ones", [4, 2], "f32", new Float32Array(8).fill(1));
  backward(rec, [[y, ones]], [w, bias]);
  return { inputs: { x }, outputs: { loss: sum(rec, reshape(rec, y, [8])) } };
});
plan.run({ x: Float32Array.from({ length: 12 }, (_, i) => i) });
const { loss } = await plan.read("loss");
assertEquals(loss[0], 66); // 2 * 0.5 * (0 + 1 + ... + 11)

for await (const [{ name, shape }, gradient] of readParameters(device, store, gradientsOf(store))) {
  console.log(`d loss / d ${name} [${shape}] =`, gradient);
  if (name === "w") assertEquals([...gradient], [18, 18, 22, 22, 26, 26]); // column sums of x
  if (name === "bias") assertEquals([...gradient], [4, 4]);
}
