/**
 * Tests of the exponential and the logarithm of vector code, by losses: that of logits [0, x] with
 * target 0 is log(1 + exp(x)).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { crossEntropy } from "@transformer-xl/kernels";
import { CpuDevice, ONE_THREAD, ParameterStore } from "@transformer-xl/runtime";

async function losses(x: readonly number[]): Promise<number[]> {
  using device = new CpuDevice(ONE_THREAD);
  using store = new ParameterStore();
  const weight = store.param("weight", [2, 1], { kind: "constant", value: 0 });
  const bias = store.param("bias", [2], { kind: "constant", value: 0 });
  store.allocate(device, { gradients: false });
  device.write(
    store.buffers[0]!.weights,
    store.buffers[0]!.ranges[0]!.offset,
    Float32Array.of(0, 1),
  );
  using plan = await device.plan("losses", (rec) => {
    const hidden = rec.input("hidden", [x.length, 1], "f32");
    const targets = rec.input("targets", [x.length], "u32");
    const options = { blocks: [{ weight, bias }], targets, weight: 1, differentiate: false };
    return { inputs: { hidden, targets }, outputs: { nll: crossEntropy(rec, hidden, options) } };
  });
  plan.run({ hidden: Float32Array.from(x), targets: new Uint32Array(x.length) });
  return [...(await plan.read("nll")).nll];
}

Deno.test("exponentials and logarithms have the digits of float32, whatever the argument", async () => {
  const x = Array.from({ length: 4001 }, (_, i) => Math.fround((i - 2000) / 23.7)); // -84 to 84
  const got = await losses(x);
  x.forEach((value, i) => {
    const want = Math.log1p(Math.exp(value));
    // A sum of 1 and an exponential of float32 keeps as many digits behind the point.
    const error = Math.abs(got[i]! - want) / Math.max(1, want);
    assert(error <= 2 ** -23, `log(1 + exp ${value}): ${got[i]}, want ${want}`);
  });
});

Deno.test("very small logits leave no loss, numbers that are none stay so", async () => {
  assertEquals(await losses([-88, -1e4, -1e30]), [0, 0, 0]);
  assertEquals(await losses([NaN]), [NaN]);
});
