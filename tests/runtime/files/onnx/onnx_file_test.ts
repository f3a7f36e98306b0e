/**
 * Encoded ONNX models, and their reader on damaged and hostile files.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, OnnxFile, OnnxGraph, writeOnnx } from "@transformer-xl/runtime";
import { Scratch, seededRandom } from "../../../support/small_run.ts";

/** A graph that multiplies by a matrix of `rows` rows. */
function product(rows: number): OnnxGraph {
  const graph = new OnnxGraph();
  const x = graph.input("x", "float32", ["batch", rows]);
  const values = Float32Array.from({ length: rows }, (_, i) => i);
  const weight = graph.weight({
    ...{ name: "weight", type: "float32", dims: [rows, 1] },
    content: {
      byteLength: values.byteLength,
      async *pieces() {
        yield new Uint8Array(values.buffer, 0, 4);
        yield await Promise.resolve(new Uint8Array(values.buffer, 4));
      },
    },
  });
  graph.node("MatMul", [x, weight], {}, "y");
  graph.output("y", "float32", ["batch", 1]);
  return graph;
}

const OPTIONS = {
  ...{ name: "product", producer: ["test", "1"] as const },
  metadata: { key: "välue", __proto__x: "" },
};

Deno.test("metadata and content of a model are those written, in one file or in two", async () => {
  await using scratch = new Scratch();
  for (const externalFrom of [undefined, 1000]) {
    const path = scratch.at(`${externalFrom}.onnx`);
    const paths = await writeOnnx(path, product(400), { ...OPTIONS, externalFrom });
    assertEquals(paths, externalFrom === undefined ? [path] : [path, `${path}.data`]);
    using file = await OnnxFile.open(path);
    const { sha256, external_data, ...metadata } = file.metadata;
    assertEquals(metadata, { ...OPTIONS.metadata });
    assertEquals(external_data, externalFrom && `${externalFrom}.onnx.data`);
    assertEquals([sha256!.length, await file.isUnchanged()], [64, true]);
    const { model, external } = await file.content();
    assertEquals(model, await Deno.readFile(path));
    assertEquals(external?.data.length, externalFrom && 1600);
  }
  await Deno.remove(scratch.at("1000.onnx.data"));
  await assertRejects(
    () => OnnxFile.open(scratch.at("1000.onnx")),
    CheckpointError,
    'its weights are in "1000.onnx.data" beside it, which cannot be opened',
  );
});

Deno.test("content of another length than announced is not written", async () => {
  await using scratch = new Scratch();
  const graph = new OnnxGraph();
  const pieces = async function* () {
    yield await Promise.resolve(new Uint8Array(8));
  };
  const content = { byteLength: 12, pieces };
  graph.weight({ name: "weight", type: "float32", dims: [3], content });
  const path = scratch.at("a.onnx");
  await assertRejects(
    () => writeOnnx(path, graph, OPTIONS),
    RangeError,
    "8 bytes of content where 12",
  );
  assertEquals([...Deno.readDirSync(scratch.path)], []);
});

Deno.test("damaged files open, or are refused in one line", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("a.onnx");
  await writeOnnx(path, product(3), OPTIONS);
  const bytes = await Deno.readFile(path);
  const random = seededRandom(11);
  const refusals = new Set<string>();
  const attempt = async (content: Uint8Array) => {
    await Deno.writeFile(path, content);
    try {
      using file = await OnnxFile.open(path);
      await file.isUnchanged();
    } catch (error) {
      assert(error instanceof CheckpointError, String(error));
      assert(!error.message.includes("\n"));
      refusals.add(error.message.replace(/.*a.onnx": /, ""));
    }
  };
  for (let length = 0; length < bytes.length; length += 7) {
    await attempt(bytes.subarray(0, length));
  }
  for (let n = 0; n < 300; n++) {
    const mutant = bytes.slice();
    mutant[Math.floor(random() * mutant.length)] = Math.floor(random() * 256);
    await attempt(mutant);
  }
  await attempt(new Uint8Array(5000).fill(8)); // thousands of fields
  await attempt(new Uint8Array(50).fill(255));
  const problems = ["it has no graph", "a field ends beyond it", "more than 1000 fields"];
  for (const problem of [...problems, "it does not consist of fields"]) {
    assert([...refusals].some((refusal) => refusal.includes(problem)), problem);
  }
});

Deno.test("a model whose weights are said to be elsewhere is refused", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("a.onnx");
  for (const external_data of ["../b.data", "/etc/passwd", ".."]) {
    await writeOnnx(path, product(3), { ...OPTIONS, metadata: { external_data } });
    await assertRejects(() => OnnxFile.open(path), CheckpointError, "which is no file beside it");
  }
});
