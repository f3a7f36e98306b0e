/**
 * The programs of `model/onnx.md` run a model that was exported.
 *
 * @module
 */
import { onnxPackage } from "@transformer-xl/eval";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { assert } from "@std/assert";
import { pathToFileURL } from "node:url";
import { codeBlocks, documentAt } from "../../repository/documents/documents.ts";
import { assertClose } from "../../support/compare.ts";
import {
  exportedModel,
  lossesOnDevice,
  savedModel,
  TOKENS,
} from "../../support/model/onnx_model.ts";
import { pythonWith, runPython } from "../../support/python/python_with.ts";
import { Scratch } from "../../support/small_run.ts";

const LENGTHS = { batchSize: 1, tgtLen: 5, extLen: 0, memLen: 7 };
const PAGE = documentAt("model/onnx.md").text;

/** Losses of the text by a program of the page, and on a device. */
async function compare(run: (path: string, scratch: Scratch) => Promise<readonly number[]>) {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const checkpoint = await savedModel(scratch.path, {});
  const path = await exportedModel(checkpoint, {
    lengths: LENGTHS,
    outputs: "losses",
    half: false,
  });
  const got = await run(path, scratch);
  const want = await lossesOnDevice(device, checkpoint, LENGTHS);
  assertClose(Float32Array.from(got), Float32Array.from(want), 1e-5, "losses");
}

Deno.test("the JavaScript program of model/onnx.md gives the losses of the checkpoint", () =>
  compare(async (path, scratch) => {
    const [block] = codeBlocks("js", PAGE);
    const address = JSON.stringify(await onnxPackage("wasm"));
    const program = await scratch.text("losses.js", block!.replace('"onnxruntime-web"', address));
    const { losses } = await import(pathToFileURL(program).href);
    return await losses(pathToFileURL(path).href, [...TOKENS], LENGTHS.tgtLen);
  }));

const python = pythonWith("onnxruntime");

Deno.test({
  name: "the Python program of model/onnx.md gives the losses of the checkpoint",
  ignore: python === undefined,
  fn: () =>
    compare(async (path) => {
      const [block] = codeBlocks("python", PAGE);
      const script = `${block}
import sys
values = losses(sys.argv[1], json.loads(sys.argv[2]), ${LENGTHS.tgtLen})
assert len(symbols(sys.argv[1])) == 30
print(json.dumps([float(value) for value in values]))
`;
      const losses = await runPython(python!, script, path, JSON.stringify([...TOKENS]));
      assert(Array.isArray(losses));
      return losses;
    }),
});
