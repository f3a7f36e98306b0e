import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  DryDevice,
  ParameterStore,
  ReferenceDevice,
  type Role,
} from "@transformer-xl/runtime";
import { mixed, scaled } from "../../support/sample_ops.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

gpuTest("a dry device counts what the adapter allocates", async () => {
  const gpu = await openTestGpu();
  const dry = new DryDevice(gpu.limits);
  const bytesOn = async (device: Device) => {
    const before = new Map(device.liveBytesByRole);
    using state = device.state("state", [3]);
    using store = new ParameterStore();
    store.param("w", [5], { kind: "constant", value: 0 });
    store.allocate(device, { gradients: true });
    using plan = await device.plan("scale", (rec) => {
      const x = rec.input("x", [1000], "f32");
      const factor = rec.scalar("factor");
      const table = rec.constant("table", [7], "u32", new Uint32Array(7));
      const y = scaled(rec, scaled(rec, x, factor), 5);
      return { inputs: { x, factor }, outputs: { y: mixed(rec, y, state, 77), table } };
    });
    using second = await device.plan("second", (rec) => {
      const x = rec.input("x", [100], "f32");
      return { inputs: { x }, outputs: { y: scaled(rec, scaled(rec, x, 1), 1) } };
    });
    const roles: Partial<Record<Role, number>> = {};
    for (const [role, bytes] of device.liveBytesByRole) {
      const added = bytes - (before.get(role) ?? 0);
      if (added !== 0) roles[role] = added;
    }
    return { roles, owned: [plan.bytes, second.bytes] };
  };
  assertEquals(await bytesOn(dry), await bytesOn(gpu));
  assertEquals(dry.liveBytes, 0);
  assertEquals(dry.largest, { label: "scale slot 0", bytes: 4000 });
  using plan = await dry.plan("scale", (rec) => {
    const x = rec.input("x", [4], "f32");
    return { inputs: { x }, outputs: { y: scaled(rec, x, 2) } };
  });
  assertThrows(() => plan.run({ x: new Float32Array(4) }), TypeError, "in a dry run");
  await assertRejects(() => plan.read("y"), TypeError, "dry run");
});

Deno.test("the reference executor computes in the width it was opened with", async () => {
  const third = async (precision: "f32" | "f64") => {
    using device = new ReferenceDevice({ precision });
    using plan = await device.plan("third", (rec) => {
      const x = rec.input("x", [1], "f32");
      return { inputs: { x }, outputs: { y: scaled(rec, scaled(rec, x, 1 / 3), 1 / 3) } };
    });
    plan.run({ x: Float64Array.of(1) });
    return (await plan.read("y")).y;
  };
  assertEquals(await third("f64"), Float64Array.of(1 / 3 * (1 / 3)));
  assertEquals(await third("f32"), Float32Array.of(Math.fround(Math.fround(1 / 3) / 3)));
});
