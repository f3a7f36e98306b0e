import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  allocateState,
  CheckpointError,
  DeviceError,
  gradientsOf,
  type Init,
  type Parameter,
  ParameterStore,
  partOf,
  PORTABLE_LIMITS,
  readParameters,
  ReferenceDevice,
  ShapeError,
  weightsOf,
  writeParameters,
} from "@transformer-xl/runtime";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const ZERO: Init = { kind: "constant", value: 0 };

/** A device whose bindings hold `bytes`. */
function smallBindings(bytes: number): ReferenceDevice {
  const limits = { ...PORTABLE_LIMITS, maxBindingBytes: bytes };
  return new ReferenceDevice({ precision: "f32", limits });
}

/** Element i of tensor n is n + i / 1000. */
function numbered({ index, shape }: Parameter): Float32Array<ArrayBuffer> {
  const length = shape.reduce((size, axis) => size * axis, 1);
  return Float32Array.from({ length }, (_, i) => index + i / 1000);
}

Deno.test("parameters keep the order of declaration, parameters that of packing", () => {
  const store = new ParameterStore();
  const table = store.declare("table", [6, 2], ZERO);
  store.param("bias", [3], ZERO);
  store.pack("rows", [{ parameter: table, from: 0, to: 6 }]);
  assertEquals(store.parameters.map(({ name, index }) => [name, index]), [["table", 0], [
    "bias",
    1,
  ]]);
  assertEquals(store.packed.map(({ label }) => label), ["bias", "rows"]);
  assertEquals(store.count, 15);
});

Deno.test("a parameter of several parameters is one tensor of all their rows", () => {
  using device = smallBindings(4096);
  using store = new ParameterStore();
  const words = store.declare("words", [4, 3], ZERO);
  const clusters = store.declare("clusters", [2, 3], ZERO);
  const head = store.pack("head", [
    { parameter: words, from: 0, to: 2 },
    { parameter: clusters, from: 0, to: 2 },
  ]);
  const tail = store.pack("tail", [{ parameter: words, from: 2, to: 4 }]);
  store.allocate(device, { gradients: false });
  writeParameters(device, store, weightsOf(store), numbered);
  assertEquals([head.shape, tail.shape], [[4, 3], [2, 3]]);
  const { range } = head;
  assert(range.kind === "storage");
  return device.read([{ storage: range.storage, offset: range.offset, length: head.size }])
    .then(([values]) => {
      const want = [0, 1, 2, 3, 4, 5].map((i) => i / 1000)
        .concat([0, 1, 2, 3, 4, 5].map((i) => 1 + i / 1000));
      assertEquals([...values!], [...Float32Array.from(want)]);
    });
});

Deno.test("parameters start at multiples of 256 bytes and fill segments of one binding", () => {
  using device = smallBindings(1024);
  using store = new ParameterStore();
  for (const [name, size] of [["a", 3], ["b", 65], ["c", 64], ["d", 200], ["e", 1]] as const) {
    store.param(name, [size], ZERO);
  }
  store.allocate(device, { gradients: true });
  assertEquals(
    store.buffers.map(({ ranges }) => ranges.map(({ packed, offset }) => [packed.label, offset])),
    [[["a", 0], ["b", 64], ["c", 192]], [["d", 0]], [["e", 0]]],
  );
  for (const { length, weights, gradients, ranges } of store.buffers) {
    assert(length * 4 <= 1024);
    assertEquals([weights.length, gradients!.length], [length, length]);
    for (const { packed, offset } of ranges) {
      assertEquals(offset * 4 % 256, 0);
      assertEquals(packed.range, { kind: "storage", storage: weights, offset });
      assertEquals(packed.gradient.range, { kind: "storage", storage: gradients!, offset });
    }
  }
});

Deno.test("a limit that is no multiple of 256 bytes still bounds segments", () => {
  using device = smallBindings(1000);
  using store = new ParameterStore();
  for (const name of ["a", "b", "c", "d"]) store.param(name, [60], ZERO);
  store.allocate(device, { gradients: false });
  assertEquals(store.buffers.map(({ length }) => length), [192, 64]);
});

Deno.test("a parameter of exactly one binding fits, one element more does not", () => {
  using device = smallBindings(1024);
  using fits = new ParameterStore();
  fits.param("w", [256], ZERO);
  fits.allocate(device, { gradients: false });
  using exceeds = new ParameterStore();
  exceeds.param("w", [257], ZERO);
  assertThrows(
    () => exceeds.allocate(device, { gradients: false }),
    DeviceError,
    'Cannot place parameter "w" [257]: it needs 1.0 KiB, one binding of this adapter holds 1.0 KiB',
  );
});

for (const where of ["the reference executor", "the adapter"] as const) {
  gpuTest(
    `what writeParameters() writes, readParameters() reads, over segments, on ${where}`,
    async () => {
      const device = where === "the adapter" ? await openTestGpu() : smallBindings(1024);
      const before = device.liveBytes;
      {
        using store = new ParameterStore();
        const table = store.declare("table", [100, 5], ZERO);
        const odd = store.declare("odd", [7, 1, 5], ZERO);
        store.param("bias", [13], ZERO);
        store.pack("high rows", [
          { parameter: table, from: 60, to: 100 },
          { parameter: odd, from: 0, to: 7 },
        ]);
        store.pack("low rows", [{ parameter: table, from: 0, to: 33 }]);
        store.pack("middle rows", [{ parameter: table, from: 33, to: 60 }]);
        store.allocate(device, { gradients: true });
        const moments = allocateState(device, store, "first moment");
        assertEquals(
          moments.map(({ length }) => length),
          store.buffers.map(({ length }) => length),
        );
        // Weights, gradients and moments are laid out alike, and do not touch each other.
        const kinds = [weightsOf(store), gradientsOf(store), moments];
        kinds.forEach((buffers, k) => {
          writeParameters(
            device,
            store,
            buffers,
            (parameter) => numbered(parameter).map((x) => x + 10 * k),
          );
        });
        for (const [k, buffers] of kinds.entries()) {
          const names: string[] = [];
          for await (const [parameter, values] of readParameters(device, store, buffers)) {
            names.push(parameter.name);
            assertEquals(values, numbered(parameter).map((x) => x + 10 * k), parameter.name);
          }
          assertEquals(names, ["table", "odd", "bias"]);
        }
        for (const moment of moments) moment[Symbol.dispose]();
      }
      assertEquals(device.liveBytes, before);
    },
  );
}

Deno.test("memory of a store starts at zero and is accounted by role", async () => {
  using device = smallBindings(1024);
  const store = new ParameterStore();
  store.param("w", [100], ZERO);
  store.allocate(device, { gradients: true });
  const [moment] = allocateState(device, store, "moment");
  assertEquals(Object.fromEntries(device.liveBytesByRole), {
    weights: 512,
    gradients: 512,
    moments: 512,
  });
  const [values] = await device.read([{ storage: moment!, offset: 0, length: 128 }]);
  assertEquals(values!.every((x) => x === 0), true);
  moment![Symbol.dispose]();
  store[Symbol.dispose]();
  assertEquals(device.liveBytes, 0);
});

Deno.test("pack() refuses rows of different widths", () => {
  const store = new ParameterStore();
  const a = store.declare("a", [2, 3], ZERO);
  const b = store.declare("b", [2, 4], ZERO);
  assertThrows(
    () => store.pack("ab", [{ parameter: a, from: 0, to: 2 }, { parameter: b, from: 0, to: 2 }]),
    ShapeError,
    'Cannot pack "b" [2,4] with "a" [2,3]: rows have 4 and 3 elements',
  );
});

Deno.test("declare() refuses a name that is taken", () => {
  const store = new ParameterStore();
  store.declare("w", [1], ZERO);
  assertThrows(() => store.declare("w", [1], ZERO), TypeError, 'Cannot declare "w" twice');
});

Deno.test("allocate() refuses rows in no parameter or in two, and a second time", () => {
  using device = smallBindings(1024);
  const cases: [readonly (readonly [number, number])[], string][] = [
    [[[0, 2]], "hold 2 rows, 2 of them in order"],
    [[[0, 2], [3, 4]], "hold 3 rows, 2 of them in order"],
    [[[0, 3], [2, 4]], "hold 5 rows, 3 of them in order"],
    [[], "hold 0 rows, 0 of them in order"],
  ];
  for (const [spans, message] of cases) {
    const store = new ParameterStore();
    const parameter = store.declare("w", [4, 2], ZERO);
    for (const [from, to] of spans) store.pack(`${from}`, [{ parameter, from, to }]);
    assertThrows(() => store.allocate(device, { gradients: false }), TypeError, message);
  }
  using store = new ParameterStore();
  store.param("w", [1], ZERO);
  store.allocate(device, { gradients: false });
  assertThrows(() => store.allocate(device, { gradients: false }), TypeError, "twice");
});

Deno.test("a store that is not allocated can be neither recorded, written nor read", async () => {
  using device = smallBindings(1024);
  const store = new ParameterStore();
  const w = store.param("w", [1], ZERO);
  const message = "Cannot access parameters: their store is not allocated, or was disposed";
  assertThrows(
    () => w.range,
    TypeError,
    'Cannot use "w": its parameter store is not allocated yet',
  );
  assertThrows(
    () => writeParameters(device, store, weightsOf(store), numbered),
    TypeError,
    message,
  );
  await assertRejects(
    async () => await Array.fromAsync(readParameters(device, store, weightsOf(store))),
    TypeError,
    message,
  );
});

Deno.test("writeParameters() refuses another number of elements", () => {
  using device = smallBindings(1024);
  using store = new ParameterStore();
  store.param("w", [2, 3], ZERO);
  store.allocate(device, { gradients: false });
  assertThrows(
    () => writeParameters(device, store, weightsOf(store), () => new Float32Array(5)),
    CheckpointError,
    'Cannot load "w": it has 5 elements, expected shape [2,3]',
  );
});

Deno.test("a state of some parameters has room for them alone and keeps their rows in order", async () => {
  using device = smallBindings(1024);
  using store = new ParameterStore();
  const table = store.declare("table", [100, 5], ZERO);
  const odd = store.declare("odd", [7, 5], ZERO);
  store.param("bias", [13], ZERO);
  store.pack("high rows", [
    { parameter: table, from: 60, to: 100 },
    { parameter: odd, from: 0, to: 7 },
  ]);
  store.pack("low rows", [{ parameter: table, from: 0, to: 33 }]);
  store.pack("middle rows", [{ parameter: table, from: 33, to: 60 }]);
  store.allocate(device, { gradients: true });
  assertEquals(partOf(store, () => true), store);
  const layout = partOf(store, ({ name }) => name !== "table");
  const buffers = allocateState(device, layout, "momentum");
  assertEquals(device.liveBytesByRole.get("moments"), 4 * (35 + 13 + buffers.length - 2));
  writeParameters(device, layout, buffers, numbered);
  const read = await Array.fromAsync(readParameters(device, layout, buffers));
  assertEquals(read.map(([{ name }, values]) => [name, values]), [
    ["odd", numbered(odd)],
    ["bias", numbered(store.parameters[2]!)],
  ]);
  for (const buffer of buffers) buffer[Symbol.dispose]();
});
