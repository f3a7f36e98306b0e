/**
 * The derivative of whole models in float64: the gradient along a random direction against the
 * difference of losses, for every attention type, with memory and dropout.
 *
 * @module
 */
import { assert } from "@std/assert";
import { normals } from "@transformer-xl/kernels/cases";
import {
  type AttentionType,
  createModel,
  Memory,
  type Model,
  type ModelConfig,
  philoxDropout,
  resolveModel,
  type Segment,
} from "@transformer-xl/model";
import {
  backward,
  gradientsOf,
  readParameters,
  ReferenceDevice,
  sizeOf,
  type Storage,
  type Tensor,
  weightsOf,
  writeWeights,
} from "@transformer-xl/runtime";
import { trainSchema } from "@transformer-xl/train";
import { meanOf } from "../golden/runner/golden_model.ts";

const [V, B] = [13, 2];
const LENGTHS = { batchSize: B, tgtLen: 4, extLen: 1, memLen: 6 };
const ROWS = LENGTHS.tgtLen + LENGTHS.extLen;
/** Length of a step: short enough to meet no kink of a ReLU, long enough for 64 bits. */
const STEP = 1e-6;

const section = trainSchema.parse({
  ...{ nLayer: 2, nHead: 2, dHead: 3, dModel: 8, dInner: 10, dropout: 0.2, dropatt: 0.1 },
  ...{ initStd: 0.4, projInitStd: 0.4, clampLen: 7 },
});
const VOCABULARIES = {
  plain: {},
  adaptive: { adaptive: true, cutoffs: [5, 9] },
  "div_val 2, projections": { adaptive: true, cutoffs: [5, 9], divVal: 2, dEmbed: 12 },
  not_tied: { notTied: true, dEmbed: 6 },
  "not_tied, adaptive, div_val 2": {
    ...{ notTied: true, adaptive: true, cutoffs: [5, 9], divVal: 2 },
  },
} as const;

const device = new ReferenceDevice({ precision: "f64" });

/** Rows `from` to `from + ROWS` of a text in which every id occurs. */
function segment(from: number): Segment {
  const ids = (start: number, rows: number) =>
    Uint32Array.from({ length: rows * B }, (_, i) => (5 * (start + Math.floor(i / B)) + i % B) % V);
  return {
    inputs: ids(from, ROWS),
    targets: ids(from + 1 + LENGTHS.extLen, LENGTHS.tgtLen),
    ...{ rows: ROWS, targetRows: LENGTHS.tgtLen, columns: B, start: from, scored: true },
  };
}

async function byName(model: Model, buffers: readonly Storage[]) {
  const values = new Map<string, Float64Array>();
  for await (const [{ name }, elements] of readParameters(device, model.store, buffers)) {
    values.set(name, Float64Array.from(elements));
  }
  return values;
}

/** Relative distance of the gradient along a direction from the difference of losses. */
async function errorOf(config: ModelConfig, form?: "fused"): Promise<number> {
  using model = await createModel(device, config, { training: true, seed: 3 });
  const { store } = model;
  using memory = new Memory(device, model, LENGTHS, "memory");
  using plan = await device.plan("loss", (rec) => {
    for (const { gradient } of store.packed) rec.clear(gradient);
    const batch = model.inputs(rec, LENGTHS);
    const drop = philoxDropout(batch.random);
    const forward = { lengths: LENGTHS, memory, drop, differentiate: true, form };
    const { nll, parts } = model.forward(rec, batch, forward);
    const one = (part: Tensor) =>
      rec.constant("one", part.shape, "f32", new Float32Array(part.size).fill(1));
    backward(rec, parts.map((part) => [part, one(part)] as const), store.packed);
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  const run = (from: number) => {
    const numbers = { chunks: 1, seed: 7, step: 2, stream: 1 };
    plan.run(plan.kept.values(segment(from), memory, numbers));
    memory.advance(ROWS);
  };
  run(0);
  const [layers, validRows] = [await memory.read(), memory.validRows];
  /** The second segment, always after the same memory. */
  const loss = async () => {
    layers.forEach((layer, l) => memory.writeLayer(l, layer));
    memory.setValidRows(validRows);
    run(LENGTHS.tgtLen);
    return meanOf((await plan.read("nll")).nll);
  };

  await loss();
  const weights = await byName(model, weightsOf(store));
  const gradients = await byName(model, gradientsOf(store));
  const direction = new Map(store.parameters.map(({ name, shape }) => [
    name,
    normals(`${name} of a direction`, sizeOf(shape)),
  ]));
  const length = Math.hypot(...[...direction.values()].map((each) => Math.hypot(...each)));
  const along = async (steps: number) => {
    writeWeights(device, store, ({ name }) => {
      const [at, toward] = [weights.get(name)!, direction.get(name)!];
      return Float64Array.from(at, (value, i) => value + steps * STEP / length * toward[i]!);
    });
    return await loss();
  };
  const [far, near] = [await along(2) - await along(-2), await along(1) - await along(-1)];
  const difference = (8 * near - far) / (12 * STEP);
  let derivative = 0;
  for (const [name, gradient] of gradients) {
    gradient.forEach((value, i) => derivative += value * direction.get(name)![i]! / length);
  }
  return Math.abs(derivative - difference) / Math.abs(difference);
}

for (const attnType of [0, 1, 2, 3] as const satisfies readonly AttentionType[]) {
  for (const preLnorm of [false, true]) {
    const norm = preLnorm ? "pre" : "post";
    Deno.test(`models of attention type ${attnType}, ${norm}-norm, have the derivative of their loss`, async () => {
      for (const [name, vocabulary] of Object.entries(VOCABULARIES)) {
        for (const compat of ["none", "head"] as const) {
          const settings = { ...section, ...vocabulary, attnType, preLnorm, compat };
          const cutoffs = "cutoffs" in vocabulary ? vocabulary.cutoffs : [];
          // Fewer rows of a table than keys, where the reference pads it.
          const positionRows = ROWS + LENGTHS.memLen - (attnType === 1 ? 2 : 0);
          const sized = { ...settings, cutoffs: [...cutoffs], positionRows };
          const error = await errorOf(resolveModel(sized, V, cutoffs));
          assert(error < 1e-6, `${name}, compat ${compat}: ${error}`);
          if (name !== "plain") continue;
          const fused = await errorOf(resolveModel({ ...sized, dropatt: 0 }, V, cutoffs), "fused");
          assert(fused < 1e-6, `fused attention, compat ${compat}: ${fused}`);
        }
      }
    });
  }
}
