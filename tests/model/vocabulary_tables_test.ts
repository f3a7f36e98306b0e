/**
 * Vocabularies whose tables exceed one binding: results stay the same.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  Batches,
  initialise,
  Memory,
  type ModelConfig,
  NO_DROPOUT,
  parseModelConfig,
  TransformerXL,
} from "@transformer-xl/model";
import {
  backward,
  type Device,
  type DeviceLimits,
  GpuDevice,
  gradientsOf,
  type HostArray,
  ParameterStore,
  PORTABLE_LIMITS,
  readParameters,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { assertClose, largest } from "../support/compare.ts";
import { gpuTest } from "../support/test_gpu.ts";

const LENGTHS = { batchSize: 2, tgtLen: 8, extLen: 0, memLen: 8 };
const V = 900;

function configOf(options: Partial<ModelConfig>): ModelConfig {
  return parseModelConfig({
    nToken: V,
    nLayer: 1,
    nHead: 2,
    dHead: 8,
    dModel: 16,
    dInner: 32,
    dEmbed: 16,
    divVal: 1,
    cutoffs: [300, 500],
    tieProjs: [false, true, true],
    tieWeight: true,
    preLnorm: false,
    clampLen: -1,
    sameLength: false,
    dropout: 0,
    dropatt: 0,
    init: "normal",
    initRange: 0.1,
    initStd: 0.1,
    projInitStd: 0.1,
    ...options,
  });
}

/** Losses and gradients of the second of two segments, and how many parameters hold them. */
async function run(device: Device, limits: DeviceLimits, config: ModelConfig) {
  using store = new ParameterStore();
  const model = new TransformerXL(store, config, limits);
  store.allocate(device, { gradients: true });
  initialise(device, store, 5);
  using memory = new Memory(device, model, LENGTHS, "memory");
  using plan = await device.plan("split", (rec) => {
    const batch = model.inputs(rec, LENGTHS);
    for (const param of store.packed) rec.clear(param.gradient);
    const { nll, parts } = model.forward(rec, batch, {
      lengths: LENGTHS,
      memory,
      drop: NO_DROPOUT,
      differentiate: true,
    });
    const one = rec.constant("one", [nll.size], "f32", new Float32Array(nll.size).fill(1));
    backward(rec, parts.map((part) => [part, one]), store.packed);
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  const ids = Uint32Array.from({ length: 40 }, (_, i) => i * 397 % V);
  for (const segment of new Batches(ids, { batchSize: 2, tgtLen: 8 }).segments()) {
    plan.run(plan.kept.values(segment, memory, { chunks: 1, seed: 0, step: 0, stream: 0 }));
    memory.advance(segment.rows);
  }
  const results = new Map<string, HostArray>([["nll", (await plan.read("nll")).nll]]);
  for await (const [{ name }, values] of readParameters(device, store, gradientsOf(store))) {
    results.set(name, values);
  }
  return { results, params: store.packed.length, segments: store.buffers.length };
}

const VARIANTS: Readonly<Record<string, Partial<ModelConfig>>> = {
  "tied tables": {},
  "tables of their own": { tieWeight: false },
  "narrowing clusters": { divVal: 2 },
};

for (const [name, options] of Object.entries(VARIANTS)) {
  const config = configOf(options);
  const small = { ...PORTABLE_LIMITS, maxBindingBytes: 8192 };

  Deno.test(`a vocabulary cut at the binding limit gives the same losses and gradients: ${name}`, async () => {
    using whole = new ReferenceDevice({ precision: "f64", limits: PORTABLE_LIMITS });
    using cut = new ReferenceDevice({ precision: "f64", limits: small });
    const want = await run(whole, whole.limits, config);
    const got = await run(cut, cut.limits, config);
    assert(got.params > want.params + 3, "tables are cut");
    assert(got.segments > want.segments, "flat buffers are cut");
    assertEquals([...got.results.keys()], [...want.results.keys()]);
    for (const [tensor, values] of want.results) {
      assertClose(got.results.get(tensor)!, values, 1e-12 * largest(values) + 1e-15, tensor);
    }
  });

  gpuTest(`the adapter computes a cut vocabulary like the reference: ${name}`, async () => {
    using gpu = await GpuDevice.open();
    using reference = new ReferenceDevice({ precision: "f64" });
    const want = await run(reference, PORTABLE_LIMITS, config);
    const got = await run(gpu, small, config);
    for (const [tensor, values] of want.results) {
      assertClose(got.results.get(tensor)!, values, 1e-5 * largest(values) + 1e-9, tensor);
    }
  });
}
