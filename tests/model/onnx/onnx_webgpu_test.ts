/**
 * One checkpoint in every runtime, WebGPU in ONNX Runtime among them. Its compiling takes seconds.
 *
 * @module
 */
import { ReferenceDevice } from "@transformer-xl/runtime";
import { assertClose } from "../../support/compare.ts";
import {
  exportedModel,
  lossesOnDevice,
  savedModel,
  tokenLosses,
  withOnnxScorer,
} from "../../support/model/onnx_model.ts";
import { Scratch } from "../../support/small_run.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const LENGTHS = { batchSize: 2, tgtLen: 5, extLen: 0, memLen: 7 };

gpuTest("one checkpoint has one loss on the adapter, in float64 and in ONNX Runtime", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f64" });
  const gpu = await openTestGpu();
  const settings = { adaptive: true, cutoffs: [8, 20], divVal: 2, nLayer: 1 };
  const checkpoint = await savedModel(scratch.path, settings);
  const path = await exportedModel(checkpoint, {
    lengths: LENGTHS,
    outputs: "losses",
    half: false,
  });
  const want = Float32Array.from(await lossesOnDevice(device, checkpoint, LENGTHS));
  const others = {
    adapter: await lossesOnDevice(gpu, checkpoint, LENGTHS),
    wasm: await withOnnxScorer(path, LENGTHS, tokenLosses),
    webgpu: await withOnnxScorer(path, { ...LENGTHS, provider: "webgpu" }, tokenLosses),
  };
  for (const [name, got] of Object.entries(others)) {
    assertClose(Float32Array.from(got), want, 1e-4, name);
  }
});
