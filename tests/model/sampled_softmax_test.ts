/**
 * The head that samples the vocabulary: losses against plain formulas, gradients, draws.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { IGNORED, LogUniform } from "@transformer-xl/kernels";
import {
  allLengths,
  Batches,
  initialise,
  Memory,
  Model,
  modelConfig,
  type ModelSettings,
  NO_DROPOUT,
  type Segment,
  TransformerXL,
} from "@transformer-xl/model";
import {
  ConfigError,
  type Device,
  type HostArray,
  ParameterStore,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { assertClose } from "../support/compare.ts";
import { GradientModel } from "../support/model/model_gradients.ts";
import { NamedWeights, plainForward } from "../support/model/plain_model.ts";
import { sampledLoss } from "../support/model/plain_softmax.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const [V, N] = [60, 6];
const LENGTHS = { batchSize: 2, tgtLen: 4 };
const TEXT = Uint32Array.from({ length: 16 }, (_, i) => 7 * i % V);
const SEGMENT = new Batches(TEXT, LENGTHS).segment(0);
/** The last segment: three rows, the fourth has no targets. */
const SHORT = new Batches(TEXT, LENGTHS).segment(4);
const SIZES = { vocabSize: V, nLayer: 1, nHead: 2, dHead: 8, dModel: 16, dInner: 8, dropout: 0 };

const MODELS: Readonly<Record<string, Partial<ModelSettings>>> = {
  "tied weights": {},
  "weights that are not tied": { notTied: true },
  "wider embeddings": { dEmbed: 21 },
  "narrower embeddings that are not tied": { dEmbed: 9, notTied: true },
  "a divisor, which projects one cluster": { divVal: 2 },
};

/** The words that a run draws. */
function drawn(values: Record<string, unknown>): number[] {
  return [...values["samples"] as Uint32Array].filter((id) => id !== IGNORED);
}

/** Losses of a segment by plain formulas over the words that its run draws. */
async function plainLosses(gradients: GradientModel, segment: Segment): Promise<HostArray> {
  const { model } = gradients;
  const weights = await NamedWeights.of(model);
  const words = drawn(gradients.values(segment) as Record<string, unknown>);
  assert(words.length > 2 && words.length <= 2 * N, `${words.length} words are drawn`);
  const { logits } = plainForward(model.config, weights, segment.inputs, LENGTHS.batchSize);
  const { logExpected } = new LogUniform(V, N);
  return Float64Array.from(
    segment.targets,
    (target, row) => sampledLoss(logits[row]!, target, words, logExpected).nll,
  );
}

for (const [name, settings] of Object.entries(MODELS)) {
  const config = modelConfig({ ...SIZES, ...settings });

  Deno.test(`losses of a sample and their gradients are those of plain formulas: ${name}`, async () => {
    using gradients = await GradientModel.record(config, LENGTHS, { samples: N });
    assertClose(await gradients.losses(SEGMENT), await plainLosses(gradients, SEGMENT), 1e-6, name);
    await gradients.check(SEGMENT, name);
  });
}

Deno.test("only words that are sampled, targets or read get a gradient", async () => {
  using gradients = await GradientModel.record(modelConfig(SIZES), LENGTHS, { samples: N });
  await gradients.losses(SEGMENT);
  const all = await gradients.gradients();
  const moved = (name: string) => {
    const values = all.get(name)!;
    const width = values.length / V;
    return Array.from({ length: V }, (_, id) => id)
      .filter((id) => values.subarray(id * width, (id + 1) * width).some((value) => value !== 0));
  };
  const ascending = (ids: Iterable<number>) => [...new Set(ids)].sort((a, b) => a - b);
  const words = drawn(gradients.values(SEGMENT) as Record<string, unknown>);
  const inSoftmax = ascending([...words, ...SEGMENT.targets]);
  assert(inSoftmax.length < V / 2);
  assertEquals(moved("crit.out_layers_biases.0"), inSoftmax);
  assertEquals(
    moved("word_emb.emb_layers.0.weight"),
    ascending([...inSoftmax, ...SEGMENT.inputs]),
  );
});

Deno.test("rows without targets of a short segment lose nothing", async () => {
  using gradients = await GradientModel.record(modelConfig(SIZES), LENGTHS, { samples: N });
  assertEquals(SHORT.targetRows, 3);
  const losses = await gradients.losses(SHORT);
  assertClose(losses.subarray(0, 6), await plainLosses(gradients, SHORT), 1e-6, "losses");
  assertEquals([...losses.subarray(6)], [0, 0]);
});

/** Losses of the sampled or the whole softmax. */
async function lossesOn(
  device: Device,
  limits: Device["limits"],
  options: { readonly samples?: number; readonly fp16?: boolean },
): Promise<HostArray> {
  const lengths = allLengths(LENGTHS);
  using store = new ParameterStore({ dtype: options.fp16 ? "f16" : "f32" });
  const model = new TransformerXL(store, modelConfig(SIZES), limits);
  store.allocate(device, { gradients: true });
  initialise(device, store, 4);
  using memory = new Memory(device, model, lengths, "memory");
  using plan = await device.plan("losses", (rec) => {
    const batch = model.inputs(rec, lengths, options);
    const { nll } = model.forward(rec, batch, {
      ...{ lengths, memory, drop: NO_DROPOUT, differentiate: true },
    });
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  plan.run(plan.kept.values(SEGMENT, memory, { chunks: 1, seed: 5, step: 3, stream: 1 }));
  return (await plan.read("nll")).nll;
}

Deno.test("draws depend on seed, step and batch chunk alone", () => {
  const rec = new Recorder(PORTABLE_LIMITS);
  using device = new ReferenceDevice({ precision: "f32" });
  using model = Model.allocate(device, modelConfig(SIZES));
  const { samples } = model.inputs(rec, allLengths(LENGTHS), { samples: N });
  const draw = (change: Partial<Record<"seed" | "step" | "stream", number>> = {}) => {
    const values: Record<string, unknown> = {};
    const set = (field: { label: string }, value: unknown) => void (values[field.label] = value);
    samples!.fill(set, SEGMENT.targets, { seed: 7, step: 5, stream: 1, ...change });
    return drawn(values);
  };
  assertEquals(draw(), draw());
  for (const change of [{ seed: 8 }, { step: 6 }, { stream: 2 }]) {
    assertNotEquals(draw(), draw(change), JSON.stringify(change));
  }
});

Deno.test("a softmax with clusters, or with too few words, is not sampled", () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const cases: [Partial<ModelSettings>, number, string][] = [
    [{ adaptive: true, cutoffs: [20] }, 5, "Cannot sample an adaptive softmax: "],
    [{}, 60, "Cannot sample 60 of 60 words: "],
  ];
  for (const [settings, samples, says] of cases) {
    using model = Model.allocate(
      device,
      modelConfig({ ...SIZES, ...settings }),
    );
    const rec = new Recorder(PORTABLE_LIMITS);
    const record = () => model.inputs(rec, allLengths(LENGTHS), { samples });
    assertThrows(record, ConfigError, says);
  }
});

Deno.test("a vocabulary cut at the binding limit gives the same sampled losses", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  const small = { ...PORTABLE_LIMITS, maxBindingBytes: 1024 };
  const want = await lossesOn(device, PORTABLE_LIMITS, { samples: N });
  assertEquals(await lossesOn(device, small, { samples: N }), want);
});

gpuTest("the adapter samples as plain loops do, in float32 and float16", async () => {
  const gpu = await openTestGpu();
  using device = new ReferenceDevice({ precision: "f64" });
  const want = await lossesOn(device, PORTABLE_LIMITS, { samples: N });
  assertClose(await lossesOn(gpu, gpu.limits, { samples: N }), want, 2e-5, "float32");
  assertClose(await lossesOn(gpu, gpu.limits, { samples: N, fp16: true }), want, 2e-2, "float16");
});
