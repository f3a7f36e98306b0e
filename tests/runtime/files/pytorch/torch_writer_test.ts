/**
 * Files for `torch.load`: pickles, archives, and what PyTorch reads from them.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  CheckpointError,
  encodePickle,
  orderedDict,
  placeMembers,
  PythonFloat,
  PythonName,
  PythonObject,
  type PythonValue,
  TorchTensors,
  writeTorchFile,
  zipDirectory,
} from "@transformer-xl/runtime";
import { pythonWith, runPython } from "../../../support/python/python_with.ts";
import { Scratch } from "../../../support/small_run.ts";

const python = pythonWith("zipfile");
const torch = pythonWith("torch");

const VALUES = new Map<string, PythonValue>([
  ["none", null],
  ["flags", [true, false]],
  ["integers", [
    0,
    255,
    256,
    65535,
    65536,
    -1,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    2 ** 53 - 1,
    -7e15,
  ]],
  ["floats", [0.1, -1.5e300, new PythonFloat(2)]],
  ["texts", ["", "é – 𝄞", 'quote " and \n line', "x".repeat(70_000)]],
  ["empty", [[], new Map()]],
  ["ordered", orderedDict(new Map([["z", 1], ["a", 2]]))],
  [
    "object",
    new PythonObject(new PythonName("argparse", "Namespace"), new Map([["vocab", "word"]])),
  ],
]);

Deno.test({
  name: "Python reads every value of a pickle as it was written",
  ignore: python === undefined,
  async fn() {
    await using scratch = new Scratch();
    await Deno.writeFile(scratch.at("a.pkl"), encodePickle(VALUES));
    const script = `
import collections, json, pickle, sys
value = pickle.load(open(sys.argv[1], "rb"))
assert type(value["ordered"]) is collections.OrderedDict
assert type(value["floats"][2]) is float and type(value["integers"][0]) is int
value["object"] = vars(value["object"])
print(json.dumps(value))`;
    const { ordered: _, object: _1, floats: _2, ...plain } = Object.fromEntries(VALUES);
    const read = await runPython(python!, script, scratch.at("a.pkl")) as Record<string, unknown>;
    const { ordered, object, floats, ...rest } = read;
    assertEquals(rest, { ...plain, empty: [[], {}] });
    assertEquals(Object.entries(ordered!), [["z", 1], ["a", 2]]);
    assertEquals([object, floats], [{ vocab: "word" }, [0.1, -1.5e300, 2]]);
  },
});

Deno.test({
  name: "torch.load reads tensors of every type with weights_only, and shared ones share memory",
  ignore: torch === undefined,
  async fn() {
    await using scratch = new Scratch();
    const tensors = new TorchTensors();
    const pieces = async function* () {
      yield Float32Array.of(1, 2, 3);
      await Promise.resolve();
      yield Float32Array.of(4, 5, 0.1);
    };
    const w = { name: "w", dtype: "F32", shape: [3, 2], values: pieces } as const;
    const value = new Map<string, PythonValue>([
      ["w", tensors.add(w)],
      ["tied", tensors.add(w)],
      [
        "half",
        tensors.add({ name: "h", dtype: "F16", shape: [2], values: Float16Array.of(1, -2) }),
      ],
      ["double", tensors.add({ name: "d", dtype: "F64", shape: [], values: Float64Array.of(0.1) })],
      ["long", tensors.add({ name: "l", dtype: "I64", shape: [1], values: BigInt64Array.of(-5n) })],
      [
        "empty",
        tensors.add({ name: "e", dtype: "F32", shape: [0, 3], values: new Float32Array() }),
      ],
      ["note", "plain"],
    ]);
    const path = scratch.at("a.pt");
    await writeTorchFile(path, orderedDict(value), tensors);
    const script = `
import json, sys, torch, zipfile
value = torch.load(sys.argv[1], weights_only=True)
assert value["w"].data_ptr() == value["tied"].data_ptr() and value["w"].is_contiguous()
assert not value["w"].requires_grad
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
state = {k: [str(v.dtype), list(v.shape), v.tolist()] for k, v in value.items() if k != "note"}
names = [member.filename for member in archive.infolist()]
print(json.dumps([state, value["note"], names]))`;
    const numbers = [[1, 2], [3, 4], [5, Math.fround(0.1)]];
    const [state, note, names] = await runPython(torch!, script, path) as [
      unknown,
      string,
      string[],
    ];
    assertEquals(state, {
      w: ["torch.float32", [3, 2], numbers],
      tied: ["torch.float32", [3, 2], numbers],
      half: ["torch.float16", [2], [1, -2]],
      double: ["torch.float64", [], 0.1],
      long: ["torch.int64", [1], [-5]],
      empty: ["torch.float32", [0, 3], []],
    });
    assertEquals(note, "plain");
    assertEquals(names.filter((name) => name.startsWith("archive/data/")).length, 5);
  },
});

// The members are holes of a sparse file: only headers and directory are on disk.
Deno.test({
  name:
    "archives beyond 4 GiB, and of more than 65,535 members, have ZIP64 fields that Python reads",
  ignore: python === undefined || Deno.build.os === "windows",
  async fn() {
    await using scratch = new Scratch();
    const gigantic = [{ name: "a", bytes: 5e9 }, { name: "b", bytes: 7 }, {
      name: "c",
      bytes: 2 ** 32,
    }];
    const many = Array.from({ length: 65_536 }, (_, n) => ({ name: `${n}`, bytes: 0 }));
    const script = `
import json, sys, zipfile
members = zipfile.ZipFile(sys.argv[1]).infolist()
last = [[m.filename, m.file_size, m.header_offset] for m in members[-3:]]
print(json.dumps([len(members), last]))`;
    for (const members of [gigantic, many]) {
      const placed = placeMembers(members, 64);
      const path = scratch.at("sparse.zip");
      using file = await Deno.open(path, { write: true, create: true, truncate: true });
      let dataOffset = 0;
      for (const { offset, header, bytes } of members === gigantic ? placed : []) {
        await file.seek(offset, Deno.SeekMode.Start);
        await file.write(header);
        assertEquals((offset + header.length) % 64, 0);
        dataOffset = offset + header.length + bytes;
      }
      for (const { header } of members === many ? placed : []) dataOffset += header.length;
      await file.seek(dataOffset, Deno.SeekMode.Start);
      await file.write(zipDirectory(placed, members.map(() => 0)));
      const read = await runPython(python!, script, path);
      const last = placed.slice(-3).map(({ name, bytes, offset }) => [name, bytes, offset]);
      assertEquals(read, [members.length, last]);
    }
  },
});

Deno.test("a tensor of the wrong length is refused, and leaves no file", async () => {
  await using scratch = new Scratch();
  const tensors = new TorchTensors();
  const w = tensors.add({ name: "w", dtype: "F32", shape: [3], values: Float32Array.of(1, 2) });
  await assertRejects(
    () => writeTorchFile(scratch.at("a.pt"), w, tensors),
    CheckpointError,
    'Cannot write tensor "w": it has 8 bytes, F32 [3] wants 12',
  );
  assertEquals([...Deno.readDirSync(scratch.path)], []);
});
