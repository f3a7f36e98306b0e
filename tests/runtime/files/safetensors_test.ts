import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  CheckpointError,
  encodeSafetensors,
  type SafetensorsDtype,
  SafetensorsFile,
  type SafetensorsTensor,
  writeSafetensors,
} from "@transformer-xl/runtime";
import fc from "fast-check";
import { craft, join } from "../../support/safetensors_bytes.ts";

const directory = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const path = `${directory}/weights.safetensors`;

const FLOATS = { F64: Float64Array, F32: Float32Array, F16: Float16Array, BF16: Uint16Array };
const SIGNED = { I64: BigInt64Array, I32: Int32Array, I16: Int16Array, I8: Int8Array };
const UNSIGNED = { U64: BigUint64Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array };
const ARRAYS = { ...FLOATS, ...SIGNED, ...UNSIGNED, BOOL: Uint8Array };

/** One message for a file, which must name it and be one line. */
async function messageOf(bytes: Uint8Array): Promise<string> {
  await Deno.writeFile(path, bytes);
  const error = await assertRejects(() => SafetensorsFile.open(path), CheckpointError);
  assert(error.message.startsWith(`Cannot read checkpoint "${path}": `), error.message);
  assert(!error.message.includes("\n"));
  return error.message;
}

const tensorArbitrary: fc.Arbitrary<Omit<SafetensorsTensor, "name">> = fc.record({
  dtype: fc.constantFrom(...Object.keys(ARRAYS) as SafetensorsDtype[]),
  shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
}).chain(({ dtype, shape }) => {
  const count = shape.reduce((product, n) => product * n, 1);
  const byteLength = count * ARRAYS[dtype].BYTES_PER_ELEMENT;
  return fc.uint8Array({ minLength: byteLength, maxLength: byteLength })
    .map((bytes) => ({ dtype, shape, values: new ARRAYS[dtype](bytes.slice().buffer) }));
});

const fileArbitrary = fc.record({
  tensors: fc.uniqueArray(fc.tuple(fc.string({ unit: "binary" }), tensorArbitrary), {
    selector: ([name]) => name,
    maxLength: 6,
  }).map((pairs) =>
    pairs.filter(([name]) => name !== "__metadata__")
      .map(([name, tensor]) => ({ name, ...tensor }))
  ),
  metadata: fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), {
    noNullPrototype: true,
  }),
});

Deno.test("any tensors and metadata come back as they were, verified", async () => {
  await fc.assert(
    fc.asyncProperty(fileArbitrary, async ({ tensors, metadata }) => {
      await writeSafetensors(path, tensors, metadata);
      using file = await SafetensorsFile.open(path);
      await file.verify();
      assertEquals({ ...file.metadata }, { ...metadata, sha256: file.metadata["sha256"]! });
      assertEquals(new Set(file.names), new Set(tensors.map((tensor) => tensor.name)));
      for (const { name, dtype, shape, values } of tensors) {
        assertEquals(file.dtype(name), dtype);
        assertEquals(file.shape(name), shape);
        const read = await file.tensor(name);
        assertEquals(read.constructor, values.constructor);
        assertEquals(new Uint8Array(read.buffer), new Uint8Array(values.buffer));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("the same tensors give the same bytes in any order, in memory and streamed", async () => {
  await fc.assert(
    fc.asyncProperty(fileArbitrary, async ({ tensors, metadata }) => {
      const bytes = join(encodeSafetensors(tensors, metadata));
      const turned = Object.fromEntries(Object.entries(metadata).reverse());
      assertEquals(join(encodeSafetensors(tensors.toReversed(), turned)), bytes);
      await writeSafetensors(path, tensors.toReversed(), metadata);
      assertEquals(await Deno.readFile(path), bytes);
    }),
    { numRuns: 30 },
  );
});

Deno.test("the layout is that of the format: length word, JSON, aligned tensors without gaps", () => {
  const bytes = join(encodeSafetensors([
    { name: "b", dtype: "U8", shape: [3], values: Uint8Array.of(7, 8, 9) },
    { name: "a", dtype: "F64", shape: [], values: Float64Array.of(1.5) },
    { name: "10", dtype: "F32", shape: [1, 2], values: Float32Array.of(1, 2) },
    { name: "9", dtype: "F32", shape: [0], values: new Float32Array(0) },
  ], { step: "7", format: "pt" }));
  const view = new DataView(bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  assertEquals(length % 8, 0);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const { sha256 } = JSON.parse(text).__metadata__;
  assertEquals(
    text.trimEnd(),
    `{"__metadata__":{"format":"pt","sha256":"${sha256}","step":"7"},` +
      `"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},` +
      `"10":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},` +
      `"9":{"dtype":"F32","shape":[0],"data_offsets":[16,16]},` +
      `"b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}`,
  );
  assertEquals(view.getFloat64(8 + length, true), 1.5);
  assertEquals(bytes.length, 8 + length + 19);
});

Deno.test("a file without metadata and with its own spacing opens", async () => {
  const header = `{ "w": {"shape": [2], "data_offsets": [0, 8], "dtype": "I32"} }   `;
  await Deno.writeFile(path, craft(header, 8));
  using file = await SafetensorsFile.open(path);
  assertEquals(file.metadata, {});
  assertEquals(await file.tensor("w", "I32"), new Int32Array(2));
  assertEquals(await file.verify(), {
    hasChecksum: false,
    notFinite: undefined,
    negative: undefined,
  });
});

Deno.test("open() says what is wrong with each kind of damage", async () => {
  const w = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), "it has 0 bytes"],
    [new Uint8Array(7), "it has 7 bytes"],
    [craft({}, 0, 2n ** 63n), "its header length reads 9223372036854775808"],
    [craft({}, 0, 100_000_001n), "its header length reads 100000001"],
    [Uint8Array.of(8, 8, 0x12, 7, 112, 121, 116, 111), "it is an ONNX model; give the checkpoint"],
    [Uint8Array.of(8, 7, 0x3a, 82, 10, 12, 10, 1), "it is an ONNX model; give the checkpoint"],
    [craft({}, 0, 50n), "it is truncated, 2 of 50 header bytes are there"],
    [craft("{", 0), "its header is not JSON"],
    [craft("", 0), "its header is not JSON"],
    [join([craft("", 0, 2n), Uint8Array.of(0xff, 0xfe)]), "its header is not JSON"],
    [craft([], 0), "its header is not a JSON object"],
    [craft({ __metadata__: { a: 1 } }), `its "__metadata__" is not a map of strings`],
    [craft({ __metadata__: null }), `its "__metadata__" is not a map of strings`],
    [craft({ w: 3 }), `tensor "w" is described by 3`],
    [craft({ w: { ...w, dtype: "F8" } }, 8), `tensor "w" has the unknown dtype "F8"`],
    [craft({ w: { ...w, dtype: "toString" } }, 8), `has the unknown dtype "toString"`],
    [craft({ w: { ...w, shape: [-2] } }, 8), `tensor "w" has the shape [-2]`],
    [craft({ w: { ...w, shape: [0.5] } }, 8), `tensor "w" has the shape [0.5]`],
    [craft({ w: { ...w, shape: 2 } }, 8), `tensor "w" has the shape 2`],
    [craft({ w: { dtype: "F32", shape: [2] } }, 8), `has the data_offsets undefined`],
    [craft({ w: { ...w, data_offsets: [0] } }, 8), `has the data_offsets [0]`],
    [craft({ w: { ...w, data_offsets: [-8, 0] } }, 8), `has the data_offsets [-8,0]`],
    [craft({ w: { ...w, data_offsets: [8, 0] } }, 8), `tensor "w" has -8 bytes`],
    [craft({ w: { ...w, shape: [3] } }, 8), `tensor "w" has 8 bytes, F32 [3] wants 12`],
    [craft({ w: { ...w, shape: [2 ** 40, 2 ** 40] } }, 8), `wants NaN`],
    [craft({ w, v: w }, 8), `tensor "v" overlaps tensor "w"`],
    [craft({ w, v: { ...w, data_offsets: [4, 12] } }, 12), `tensor "v" overlaps tensor "w"`],
    [
      craft({ w, v: { ...w, data_offsets: [12, 20] } }, 20),
      `4 bytes before tensor "v" belong to no tensor`,
    ],
    [craft({ w: { ...w, data_offsets: [8, 16] } }, 16), `8 bytes before tensor "w"`],
    [craft({ w }, 7), "it is truncated, 7 of 8 tensor bytes are there"],
    [craft({ w }, 9), "its last 1 bytes belong to no tensor"],
  ];
  for (const [bytes, message] of cases) assertStringIncludes(await messageOf(bytes), message);
  const missing = () => SafetensorsFile.open(`${directory}/missing`);
  await assertRejects(missing, CheckpointError, "there is no such file");
  await assertRejects(() => SafetensorsFile.open(directory), CheckpointError, "it is not a file");
});

Deno.test("every truncation of a file is refused, and every changed byte is found", async () => {
  const values = Float32Array.of(1, 2, 3);
  const whole = join(encodeSafetensors([{ name: "w", dtype: "F32", shape: [3], values }], {
    vocabulary: "a b",
  }));
  for (let length = 0; length < whole.length; length += 7) {
    await messageOf(whole.subarray(0, length));
  }
  const key = new TextDecoder("latin1").decode(whole).indexOf("sha256");
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 1;
    await Deno.writeFile(path, changed);
    const verify = async () => {
      using file = await SafetensorsFile.open(path);
      return await file.verify();
    };
    // Under another key there is no checksum.
    if (at >= key && at < key + 6) assertEquals((await verify()).hasChecksum, false);
    else await assertRejects(verify, CheckpointError, undefined, `byte ${at} of ${whole.length}`);
  }
});

Deno.test("a file that shrinks while it is open is a CheckpointError", async () => {
  const values = new Uint8Array(100);
  await writeSafetensors(path, [{ name: "w", dtype: "U8", shape: [100], values }]);
  using file = await SafetensorsFile.open(path);
  await Deno.truncate(path, (await Deno.stat(path)).size - 1);
  await assertRejects(() => file.tensor("w"), CheckpointError, "it became shorter");
  assertEquals((await file.bytes("w", 0, 50)).length, 50);
});

Deno.test("reads by ranges, wrong types and absent tensors", async () => {
  const values = Uint8Array.from({ length: 100 }, (_, i) => i);
  await writeSafetensors(path, [{ name: "w", dtype: "U8", shape: [10, 10], values }]);
  using file = await SafetensorsFile.open(path);
  assertEquals(file.byteLength("w"), 100);
  assertEquals(await file.bytes("w"), values);
  // Asked for at once: reads of one file must not disturb each other.
  const ranges = [[90, 100], [0, 10], [50, 50], [33, 66]] as const;
  const read = await Promise.all(ranges.map(([begin, end]) => file.bytes("w", begin, end)));
  assertEquals(read, ranges.map(([begin, end]) => values.slice(begin, end)));
  await assertRejects(() => file.bytes("w", 5, 101), RangeError, "it has 100");
  await assertRejects(() => file.tensor("w", "F32"), CheckpointError, "it is U8, F32 is wanted");
  assertThrows(() => file.shape("v"), CheckpointError, `Cannot find tensor "v"`);
  assertEquals(file.has("v"), false);
});

Deno.test("writeSafetensors() streams sources, and a failure leaves the old file", async () => {
  async function* pieces() {
    yield Float32Array.of(1, 2);
    yield await Promise.resolve(Float32Array.of(3));
  }
  const streamed = { name: "s", dtype: "F32", shape: [3], values: pieces } as const;
  const late = {
    name: "l",
    dtype: "I64",
    shape: [1],
    values: () => Promise.resolve(BigInt64Array.of(-5n)),
  } as const;
  await writeSafetensors(path, [streamed, late]);
  const before = await Deno.readFile(path);
  {
    using file = await SafetensorsFile.open(path);
    await file.verify();
    assertEquals(await file.tensor("s", "F32"), Float32Array.of(1, 2, 3));
    assertEquals(await file.tensor("l", "I64"), BigInt64Array.of(-5n));
  }
  const wrong = { ...streamed, shape: [4] };
  await assertRejects(
    () => writeSafetensors(path, [late, wrong]),
    CheckpointError,
    `Cannot write tensor "s": it has 12 bytes, F32 [4] wants 16`,
  );
  const failing = { ...streamed, values: () => Promise.reject(new Error("device lost")) };
  await assertRejects(() => writeSafetensors(path, [failing]), Error, "device lost");
  await assertRejects(
    () => writeSafetensors(`${directory}/none/x`, [late]),
    CheckpointError,
    "the file of that name, if any, is unchanged",
  );
  assertEquals(await Deno.readFile(path), before);
  assertEquals([...Deno.readDirSync(directory)].map((entry) => entry.name), [
    "weights.safetensors",
  ]);
});

Deno.test("encodeSafetensors() refuses names taken twice, reserved names and wrong lengths", () => {
  const tensor = (name: string, shape: number[] = [1]): SafetensorsTensor => ({
    name,
    dtype: "U8",
    shape,
    values: new Uint8Array(1),
  });
  const refused = (message: string, ...tensors: SafetensorsTensor[]) =>
    assertThrows(() => encodeSafetensors(tensors), CheckpointError, message);
  refused(`Cannot lay out tensor "a": its name is taken`, tensor("a"), tensor("a"));
  refused(`Cannot lay out tensor "__metadata__"`, tensor("__metadata__"));
  refused(`Cannot lay out tensor "a": its shape is [-1,-1]`, tensor("a", [-1, -1]));
  refused(`it has 1 bytes, U8 [2] wants 2`, tensor("a", [2]));
});
