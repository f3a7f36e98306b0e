import { assertEquals } from "@std/assert";
import { cast } from "@transformer-xl/kernels";
import { backward, type Device, ReferenceDevice } from "@transformer-xl/runtime";
import { openTestGpu } from "../support/test_gpu.ts";

const DEVICES: readonly (readonly [string, () => Promise<Device>])[] = [
  ["plain loops", () => Promise.resolve(new ReferenceDevice({ precision: "f64" }))],
  ["the adapter", openTestGpu],
];

for (const [where, open] of DEVICES) {
  Deno.test(`the cotangent of a cast has the width of its operand on ${where}`, async () => {
    const device = await open();
    using plan = await device.plan("casts", (rec) => {
      const wide = rec.input("wide", [4], "f32");
      const narrow = rec.input("narrow", [4], "f16");
      const dNarrowed = rec.input("dNarrowed", [4], "f16");
      const dWidened = rec.input("dWidened", [4], "f32");
      const narrowed = cast(rec, wide, "f16");
      const widened = cast(rec, narrow, "f32");
      const seeds = [[narrowed, dNarrowed], [widened, dWidened]] as const;
      const cotangents = backward(rec, seeds, [], [wide, narrow]);
      const [dWide, dNarrow] = [cotangents.get(wide)!, cotangents.get(narrow)!];
      assertEquals([dWide.dtype, dNarrow.dtype], ["f32", "f16"]);
      return {
        inputs: { wide, narrow, dNarrowed, dWidened },
        outputs: { narrowed, widened, dWide, dNarrow },
      };
    });
    plan.run({
      wide: Float32Array.of(0, 65_504, 65_519, 1 + 2 ** -12),
      narrow: Float32Array.of(1, -2, 0.5, 0),
      dNarrowed: Float32Array.of(1, -2, 0.25, 3),
      dWidened: Float32Array.of(1, 2, -0.5, 1 + 2 ** -12),
    });
    const read = await plan.read("narrowed", "widened", "dWide", "dNarrow");
    assertEquals([...read.narrowed], [0, 65_504, 65_504, 1]);
    assertEquals([...read.widened], [1, -2, 0.5, 0]);
    assertEquals([...read.dWide], [1, -2, 0.25, 3]);
    assertEquals([...read.dNarrow], [1, 2, -0.5, 1]);
  });
}
