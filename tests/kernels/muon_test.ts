/**
 * Muon beyond its golden case: stacked and batched matrices, singular values, memory of its states.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { normals } from "@transformer-xl/kernels/cases";
import {
  matrixBatches,
  openOptimizer,
  optimizerStates,
  type RoleOf,
} from "@transformer-xl/kernels";
import {
  DryDevice,
  ParameterStore,
  PORTABLE_LIMITS,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { relativeError } from "../support/compare.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";
import { openUpdater } from "../support/update_harness.ts";

const ZERO = { kind: "constant", value: 0 } as const;
const SETTINGS = { optimizer: { kind: "muon", weightDecay: 0.1 }, clip: 0.25 } as const;

const gradient = (name: string, size: number) => Float64Array.from(normals(name, size));

/** Three stacked matrices are one parameter, packed as queries, and keys with values. */
const stackedRoles: RoleOf = ({ name, shape }) =>
  shape.length === 2 ? { kind: "matrix", stacked: name === "qkv" ? 3 : 1 } : { kind: "other" };

Deno.test("stacked matrices are orthogonalised one by one, wherever their rows are packed", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  const [rows, width] = [10, 12];
  const qkv = gradient("qkv", 3 * rows * width);
  const apart = new ParameterStore();
  for (const name of ["q", "k", "v"]) apart.param(name, [rows, width], ZERO);
  const together = new ParameterStore();
  const parameter = together.declare("qkv", [3 * rows, width], ZERO);
  together.pack("key_value", [{ parameter, from: rows, to: 3 * rows }]);
  together.param("gain", [width], ZERO);
  together.pack("query", [{ parameter, from: 0, to: rows }]);
  const size = rows * width;
  const part = (i: number) => qkv.slice(i * size, (i + 1) * size);
  const separate = { q: part(0), k: part(1), v: part(2) };
  const joined = { qkv, gain: new Float64Array(width) };
  for (const store of [apart, together]) store.allocate(device, { gradients: true });
  const zeros = (values: Readonly<Record<string, Float64Array>>) =>
    Object.fromEntries(
      Object.entries(values).map(([name, each]) => [name, new Float64Array(each.length)]),
    );
  using one = await openUpdater(device, apart, zeros(separate), SETTINGS);
  using other = await openUpdater(device, together, zeros(joined), {
    ...SETTINGS,
    roleOf: stackedRoles,
  });
  for (const lr of [0.02, 0.01]) {
    const { weights: want } = await one.step(separate, lr);
    const { weights: got } = await other.step(joined, lr);
    const all = Object.values(want).flatMap((values) => [...values]);
    assert(relativeError(got["qkv"]!, all) < 1e-12);
  }
  apart[Symbol.dispose]();
  together[Symbol.dispose]();
});

/** Length of `matrix * x` for unit vectors `x`: between the smallest and largest singular value. */
function gains(matrix: ArrayLike<number>, rows: number, columns: number): number[] {
  return Array.from({ length: 8 }, (_, n) => {
    const x = normals(`direction ${n}`, columns);
    const length = Math.hypot(...x);
    const y = Array.from({ length: rows }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += matrix[i * columns + j]! * x[j]! / length;
      return sum;
    });
    return Math.hypot(...y);
  });
}

gpuTest(
  "a step of equal matrices turns each into a near-isometry of the size of a step of AdamW",
  async () => {
    const [rows, columns, lr] = [96, 40, 0.5];
    using reference = new ReferenceDevice({ precision: "f64" });
    for (const device of [reference, await openTestGpu()]) {
      using store = new ParameterStore();
      const names = ["first", "second", "third"];
      for (const name of names) store.param(name, [rows, columns], ZERO);
      store.allocate(device, { gradients: true });
      const zero = Object.fromEntries(
        names.map((name) => [name, new Float64Array(rows * columns)]),
      );
      using updater = await openUpdater(device, store, zero, SETTINGS);
      // Of very different sizes: the direction alone counts.
      const gradients = Object.fromEntries(
        names.map((name, i) => [name, gradient(name, rows * columns).map((g) => g * 1000 ** -i)]),
      );
      const { weights } = await updater.step(gradients, lr);
      for (const name of names) {
        const step = weights[name]!.map((p) => -p / (lr * 0.2 * Math.sqrt(rows)));
        for (const gain of gains(step, rows, columns)) assert(gain > 0.6 && gain < 1.25, `${gain}`);
        const rms = Math.hypot(...weights[name]!) / Math.sqrt(rows * columns) / lr;
        assert(rms > 0.12 && rms < 0.25, `root mean square ${rms}`);
      }
    }
  },
);

Deno.test("matrices have one state, other parameters two", () => {
  const device = new DryDevice(PORTABLE_LIMITS);
  const store = new ParameterStore();
  store.param("matrix", [64, 64], ZERO);
  store.param("gain", [64], ZERO);
  store.allocate(device, { gradients: true });
  const before = device.liveBytes;
  using optimizer = openOptimizer(device, store, { kind: "muon" });
  assertEquals(device.liveBytes - before, 4 * (64 * 64 + 2 * 64));
  const names = (state: string) =>
    optimizer.states[state]!.layout.parameters.map(({ name }) => name);
  assertEquals(Object.keys(optimizerStates({ kind: "muon" })), ["momentum", "m", "v"]);
  assertEquals([names("momentum"), names("m"), names("v")], [["matrix"], ["gain"], ["gain"]]);
});

Deno.test("a batch holds equal shapes, up to 64 MiB of them", () => {
  const store = new ParameterStore();
  for (let n = 0; n < 3; n++) store.param(`large ${n}`, [4096, 2048], ZERO);
  store.param("wide", [2, 300], ZERO);
  store.param("also wide", [2, 300], ZERO);
  store.allocate(new DryDevice({ ...PORTABLE_LIMITS, maxBufferBytes: 2 ** 25 }), {
    gradients: true,
  });
  const buffers = store.buffers.map((buffer, n) => ({ buffer, n, first: 0, count: 0 }));
  const { parameters } = store;
  const source = { parameters, buffers, momentum: store, roleOf: stackedRoles };
  const batches = matrixBatches(source, 500);
  const shapes = batches.map(({ rows, columns, count }) => [rows, columns, count]);
  assertEquals(shapes, [[4096, 2048, 2], [4096, 2048, 1], [2, 300, 2]]);
  const { chunks } = batches.at(-1)!;
  assertEquals([...chunks].filter((_, i) => i % 4 === 1), [500, 100, 500, 100]);
  assertEquals([...chunks].filter((_, i) => i % 4 === 3), [0, 500, 600, 1100]);
  const covered = batches[0]!.buffers.map(({ count }) => count);
  assert(covered.length > 1, "the first batch lies in several buffers");
});
