import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  gradientsOf,
  type HostArray,
  ParameterStore,
  readParameters,
  ReferenceDevice,
  weightsOf,
  writeParameters,
  writeWeights,
} from "@transformer-xl/runtime";
import { openTestGpu } from "../../support/test_gpu.ts";

const DEVICES: readonly (readonly [string, () => Promise<Device>])[] = [
  ["float32 loops", () => Promise.resolve(new ReferenceDevice({ precision: "f32" }))],
  ["float64 loops", () => Promise.resolve(new ReferenceDevice({ precision: "f64" }))],
  ["the adapter", openTestGpu],
];

/** Exact, between two halves, halfway (to even), below the smallest half, beyond the largest. */
const VALUES = [
  1,
  1 + 2 ** -12,
  1 + 2 ** -11,
  1 + 3 * 2 ** -11,
  2 ** -26,
  2 ** -24,
  65_504,
  1e6,
  -0,
];
const ROUNDED = [1, 1, 1, 1 + 2 ** -9, 0, 2 ** -24, 65_504, Infinity, -0];

const zero = { kind: "constant", value: 0 } as const;

async function valuesOf(device: Device, store: ParameterStore, buffers = weightsOf(store)) {
  const values: Record<string, HostArray> = {};
  for await (const [{ name }, array] of readParameters(device, store, buffers)) {
    values[name] = array;
  }
  return values;
}

for (const [where, open] of DEVICES) {
  Deno.test(`halves are rounded to even when written, and read as floats, on ${where}`, async () => {
    const device = await open();
    using storage = device.allocate({ label: "x", role: "state", dtype: "f16", length: 9 });
    device.write(storage, 0, Float32Array.from(VALUES));
    const [whole, odd] = await device.read([
      { storage, offset: 0, length: 9 },
      { storage, offset: 3, length: 2 },
    ]);
    assertEquals([...whole!], ROUNDED);
    assertEquals([...odd!], ROUNDED.slice(3, 5));
  });

  Deno.test(`ranges of every width are read into memory of the caller on ${where}`, async () => {
    const device = await open();
    using halves = device.allocate({ label: "x", role: "state", dtype: "f16", length: 9 });
    using floats = device.allocate({ label: "y", role: "state", dtype: "f32", length: 3 });
    using words = device.allocate({ label: "z", role: "state", dtype: "u32", length: 2 });
    device.write(halves, 0, Float32Array.from(VALUES));
    device.write(floats, 0, Float32Array.of(0.5, 1.5, 2.5));
    device.write(words, 0, Uint32Array.of(7, 9));
    const ranges = [
      { storage: floats, offset: 1, length: 2 },
      { storage: halves, offset: 3, length: 2 },
      { storage: words, offset: 0, length: 2 },
    ];
    const memory = new Float32Array(8).fill(-1);
    const into = [1, 3, 5].map((at) => memory.subarray(at, at + 2));
    let arrivals = 0;
    await device.readInto(ranges, into, () => arrivals++);
    assertEquals([...memory], [-1, 1.5, 2.5, ...ROUNDED.slice(3, 5), 7, 9, -1]);
    assertEquals(arrivals, 1);
    for (const { storage, offset } of ranges.slice(0, 2)) {
      const exact = device.hostArray(storage.dtype, 2); // without conversion, and back
      await device.readInto([{ storage, offset, length: 2 }], [exact]);
      device.write(storage, 0, exact);
      const [back] = await device.read([{ storage, offset: 0, length: 2 }]);
      assertEquals([...back!], [...exact]);
      assertEquals(exact instanceof Float16Array, storage.dtype === "f16");
    }
    await assertRejects(
      () => device.readInto(ranges, [memory.subarray(1), ...into.slice(1)]),
      RangeError,
      'Cannot read 2 elements of "y" into memory of 7',
    );
  });

  Deno.test(`half of a word is not written on ${where}`, async () => {
    const device = await open();
    using storage = device.allocate({ label: "x", role: "state", dtype: "f16", length: 9 });
    for (const [offset, length] of [[1, 2], [0, 3]] as const) {
      assertThrows(
        () => device.write(storage, offset, new Float32Array(length)),
        RangeError,
        `Cannot write "x": elements ${offset} to ${offset + length} of an f16 storage share a word`,
      );
    }
    device.write(storage, 8, Float32Array.of(5)); // the last word is padded
    assertEquals([...(await device.read([{ storage, offset: 8, length: 1 }]))[0]!], [5]);
    await assertRejects(() => device.read([{ storage, offset: 8, length: 2 }]), RangeError);
  });

  Deno.test(`a store of halves trains float32 masters and binds rounded copies on ${where}`, async () => {
    const device = await open();
    using store = new ParameterStore({ dtype: "f16" });
    const words = store.declare("words", [3, 3], zero);
    const clusters = store.declare("clusters", [2, 3], zero);
    store.pack("head", [
      { parameter: words, from: 0, to: 1 },
      { parameter: clusters, from: 0, to: 2 },
    ]);
    store.pack("tail", [{ parameter: words, from: 1, to: 3 }]);
    store.param("bias", [1], zero);
    store.allocate(device, { gradients: true });
    const value = (i: number) => 1 + (i + 1) * 2 ** -13;
    writeWeights(device, store, ({ shape, index }) =>
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b) },
        (_, i) => value(i + 10 * index),
      ));
    const masters = await valuesOf(device, store);
    const copies = await valuesOf(device, store, store.buffers.map(({ weights }) => weights));
    assertEquals([...masters["words"]!], Array.from({ length: 9 }, (_, i) => value(i)));
    for (const [name, array] of Object.entries(masters)) {
      assertEquals([...copies[name]!], [...array].map(Math.f16round), name);
    }
    assertEquals(store.buffers[0]!.gradients!.dtype, "f16");
    writeParameters(
      device,
      store,
      gradientsOf(store),
      ({ shape }) => new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1),
    );
    const gradients = await valuesOf(device, store, gradientsOf(store));
    assertEquals([...gradients["clusters"]!], new Array(6).fill(Math.f16round(0.1)));
  });

  Deno.test(`a store of halves that is not trained has no masters on ${where}`, async () => {
    const device = await open();
    const before = device.liveBytes;
    using store = new ParameterStore({ dtype: "f16" });
    store.param("table", [64, 64], zero);
    store.allocate(device, { gradients: false });
    writeWeights(device, store, () => new Float32Array(64 * 64).fill(1 / 3));
    assertEquals(device.liveBytes - before, 2 * 64 * 64);
    assertEquals((await valuesOf(device, store))["table"]![0], Math.f16round(1 / 3));
  });
}
