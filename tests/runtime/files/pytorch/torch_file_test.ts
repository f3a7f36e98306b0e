import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  attributesOf,
  CheckpointError,
  floatsOf,
  isWeightDtype,
  PickleClass,
  PickleObject,
  type PickleValue,
  TorchFile,
  TorchTensor,
} from "@transformer-xl/runtime";
import { torchFixture } from "../../../support/pytorch/torch_fixtures.ts";
import { pickle, PickleBytes } from "../../../support/pytorch/pickle_bytes.ts";
import { Scratch } from "../../../support/small_run.ts";

type Values = Map<string, PickleValue>;

/** The numbers of a tensor. */
async function numbersOf(file: TorchFile, value: PickleValue | undefined): Promise<number[]> {
  assert(value instanceof TorchTensor);
  const { dtype } = value.storage;
  const numbers: number[] = [];
  for await (const piece of file.pieces(value)) {
    const { buffer } = piece.slice();
    if (isWeightDtype(dtype)) numbers.push(...floatsOf(dtype, piece));
    else if (dtype === "I64") numbers.push(...Array.from(new BigInt64Array(buffer), Number));
    else if (dtype === "I32") numbers.push(...new Int32Array(buffer));
    else if (dtype === "I16") numbers.push(...new Int16Array(buffer));
    else numbers.push(...new Int8Array(buffer));
  }
  return numbers;
}

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

for (const name of ["values.pt", "values_legacy.pt"]) {
  Deno.test(`${name} has the numbers of every type and of strided views`, async () => {
    using file = await TorchFile.open(torchFixture(name));
    const values = file.value as Values;
    const expected: Readonly<Record<string, readonly [shape: number[], numbers: number[]]>> = {
      F64: [[6], range(6)],
      F32: [[2, 3, 4], range(24)],
      F16: [[3, 2], [0, 3, 1, 4, 2, 5]],
      BF16: [[4], range(4)],
      I64: [[2, 2, 2], [1, 2, 9, 10, 13, 14, 21, 22]],
      I32: [[3], range(3)],
      I16: [[3], range(3)],
      I8: [[3], range(3)],
      U8: [[3], range(3)],
      BOOL: [[2], [1, 0]],
      part: [[2, 4], range(8, 16)],
      scalar: [[], [3.5]],
      empty: [[0, 3], []],
      parameter: [[2], [1, 1]],
    };
    for (const [key, [shape, numbers]] of Object.entries(expected)) {
      const tensor = values.get(key) as TorchTensor;
      assertEquals([tensor.shape, await numbersOf(file, tensor)], [shape, numbers], key);
    }
    const [whole, part] = [values.get("F32"), values.get("part")] as [TorchTensor, TorchTensor];
    assertEquals(whole.storage.key, part.storage.key);
    const unknown = values.get("unknown");
    assert(unknown instanceof PickleObject);
    assertEquals([unknown.className, attributesOf(unknown).get("a")], ["elsewhere.Unknown", 1]);
    assertEquals(await numbersOf(file, attributesOf(unknown).get("tensor")), [0, 1]);
    assertEquals(values.get("numpy"), [2.5, 7, true]);
    assertPlain(values);
  });
}

for (const protocol of [2, 3, 4, 5]) {
  Deno.test(`a plain pickle of protocol ${protocol} has its values`, async () => {
    using file = await TorchFile.open(torchFixture(`values${protocol}.pkl`));
    assertPlain(file.value as Values);
  });
}

function assertPlain(values: Values): void {
  const namespace = values.get("namespace") as PickleObject;
  assertEquals(namespace.className, "argparse.Namespace");
  assertEquals([...attributesOf(namespace)], [["lr", 0.5], ["big", 2n ** 70n], ["small", -5]]);
  assertEquals(values.get("counter"), new Map([["a", 2], ["b", 1], ["c", 1]]));
  assertEquals(values.get("default"), new Map([["x", [1]]]));
  assertEquals(values.get("set"), new Set([1, 2]));
  assertEquals(values.get("frozen"), new Set([3]));
  assertEquals(values.get("tuple"), [null, [true, "é"]]);
  assertEquals(values.get("bytes"), Uint8Array.of(0, 255));
  assertEquals(values.get("size"), [1, 2]);
}

Deno.test("a call is a record: what a pickle would execute stays a name with arguments", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("call.pt");
  await Deno.writeFile(
    path,
    pickle((p) => p.class("posix", "system").text("touch x").tuple(1).call()),
  );
  using file = await TorchFile.open(path);
  assertEquals(file.value, new PickleObject("posix.system", ["touch x"]));
  await Deno.writeFile(path, pickle((p) => p.class("os", "system")));
  using other = await TorchFile.open(path);
  assertEquals(other.value, new PickleClass("os.system"));
});

const CASES:
  readonly (readonly [what: string, file: () => Uint8Array<ArrayBuffer>, says: RegExp])[] = [
    ["nothing", () => new Uint8Array(0), /no file of PyTorch/],
    ["a text", () => new TextEncoder().encode("<html>"), /no file of PyTorch/],
    ["protocol 0", () => new TextEncoder().encode("(dp0\n."), /no file of PyTorch/],
    ["a later protocol", () => Uint8Array.of(0x80, 9, 0x4e, 0x2e), /protocol 9, at most 5/],
    ["an empty stack", () => pickle((p) => p.raw("0")), /its stack is empty/],
    ["a missing mark", () => pickle((p) => p.raw("t")), /no mark/],
    ["an unknown opcode", () => pickle((p) => p.raw("\xff")), /opcode 0xff at byte 2/],
    ["an extension", () => pickle((p) => p.raw("\x82\x01")), /opcode 0x82/],
    ["a missing object", () => pickle((p) => p.raw("h\x07")), /object 7, which is missing/],
    ["an object out of order", () => pickle((p) => p.raw("Nr\xff\xff\xff\x7f")), /out of order/],
    ["a text of 4 GB", () => pickle((p) => p.raw("X\xff\xff\xff\xff")), /truncated/],
    ["a text of 2^63", () => pickle((p) => p.raw("\x8d" + "\xff".repeat(8))), /truncated/],
    [
      "a number of 300 bytes",
      () => pickle((p) => p.raw("\x8b\x2c\x01\0\0" + "a".repeat(300))),
      /300 bytes/,
    ],
    ["text that is not UTF-8", () => pickle((p) => p.raw("X\x01\0\0\0\xff")), /not UTF-8/],
    [
      "a call of a number",
      () => pickle((p) => p.raw("K\x01").tuple(0).call()),
      /calls what is no class/,
    ],
    ["a key without a value", () => pickle((p) => p.raw("}(K\x01u")), /a key has no value/],
    ["a list as a dictionary", () => pickle((p) => p.raw("]K\x01K\x02s")), /no dictionary/],
    ["another persistent id", () => pickle((p) => p.text("x").raw("Q")), /no storage/],
    ["a tensor without storage", () => tensor([2], [1], 0, undefined), /no storage/],
    ["a tensor beyond its storage", () => tensor([2, 5], [5, 1], 0, 9), /\[2,5\].*storage of 9/],
    ["an expanded tensor", () => tensor([1_000_000, 1_000_000], [0, 0], 0, 9), /storage of 9/],
    ["an offset beyond", () => tensor([1], [1], 9, 9), /starts at element 9/],
    ["axes without strides", () => tensor([3, 3], [1], 0, 9), /\[3,3\] and the strides \[1\]/],
    ["a negative size", () => tensor([-3], [1], 0, 9), /no offset, shape or strides/],
    ["a billion axes", () => tensor(range(99), range(99), 0, 9), /no offset, shape or strides/],
    [
      "dictionaries without end",
      () => pickle((p) => p.raw("(" + "}".repeat(1_000_000) + "t")),
      /more memory than a file of this length/,
    ],
    [
      "copies of one list",
      () =>
        pickle((p) => {
          p.raw("]q\x01(" + "N)\x86".repeat(50_000) + "e");
          p.raw("(");
          for (let i = 0; i < 5000; i++) p.class("collections", "OrderedDict").raw("h\x01\x85R");
          return p.raw("t");
        }),
      /more memory than a file of this length/,
    ],
    ["a storage that is missing", () => missingStorage(), /truncated/],
  ];

function tensor(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  elements: number | undefined,
): Uint8Array<ArrayBuffer> {
  return pickle((p) => {
    p.class("torch._utils", "_rebuild_tensor_v2").raw("(");
    if (elements === undefined) p.raw("N");
    else p.storage("0", elements);
    return p.int(offset).ints(shape).ints(strides).raw("\x89Nt").call();
  });
}

/** The four first pickles of the old format, without the names of storages. */
function missingStorage(): Uint8Array<ArrayBuffer> {
  const magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  const parts = [magic, "M\xe9\x03", "}", "}"].map((body) => pickle((p) => p.raw(body)));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("a hostile pickle is refused in one line, in little time and memory", async (t) => {
  await using scratch = new Scratch();
  const path = scratch.at("hostile.pt");
  for (const [what, file, says] of CASES) {
    await t.step(what, async () => {
      await Deno.writeFile(path, file());
      const start = performance.now();
      const { message } = await assertRejects(async () => {
        using opened = await TorchFile.open(path);
        void opened;
      }, CheckpointError);
      assertMatch(message, says);
      assert(message.includes(path), message);
      assertMatch(message, /^\P{Cc}{1,399}$/u);
      assert(performance.now() - start < 3000, "it took too long");
    });
  }
});

Deno.test("values nested 300,000 times and values in themselves are opened as data", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("deep.pt");
  await Deno.writeFile(path, pickle((p) => p.raw("]".repeat(300_000) + "a".repeat(299_999))));
  using deep = await TorchFile.open(path);
  assert(Array.isArray(deep.value));
  await Deno.writeFile(path, pickle((p) => p.raw("]q\x01h\x01a")));
  using loop = await TorchFile.open(path);
  assert(Array.isArray(loop.value) && loop.value[0] === loop.value);
});

Deno.test("a missing file, a folder and a truncated one are refused in one line", async () => {
  await using scratch = new Scratch();
  const open = async (path: string) => {
    using file = await TorchFile.open(path);
    void file;
  };
  await assertRejects(() => open(scratch.at("none.pt")), CheckpointError, "there is no such file");
  await assertRejects(() => open(scratch.path), CheckpointError, "it is not a file but a folder");
  for (const name of ["values.pt", "values_legacy.pt"]) {
    const whole = await Deno.readFile(torchFixture(name));
    await Deno.writeFile(scratch.at(name), whole.subarray(0, whole.length - 60));
    await assertRejects(() => open(scratch.at(name)), CheckpointError, scratch.at(name));
  }
});

Deno.test("the builder of pickles writes what it says", () => {
  assertEquals(new PickleBytes().raw("N").done(), Uint8Array.of(0x80, 2, 0x4e, 0x2e));
});
