/**
 * Models with the weights of a checkpoint and rows for further symbols.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Batches,
  createModel,
  extendModel,
  extendVocabulary,
  loadModel,
  Memory,
  type Model,
  type ModelConfig,
  type ModelSection,
  NO_DROPOUT,
  openCheckpoint,
  saveModel,
  sectionOf,
  WordVocabulary,
} from "@transformer-xl/model";
import {
  CheckpointError,
  type Device,
  readParameters,
  ReferenceDevice,
  weightsOf,
} from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { Scratch, smallConfig } from "../../support/small_run.ts";

const WORDS = 30;
const ADDED = 3;
const LENGTHS = { batchSize: 2, tgtLen: 5, extLen: 0, memLen: 4 };

/** Every word of the stored vocabulary occurs. */
const TEXT = Uint32Array.from({ length: 2 * 31 }, (_, i) => 7 * i % WORDS);

const vocabularyOf = (from: number, to: number) =>
  new WordVocabulary([
    "<eos>",
    ...Array.from({ length: to - from - 1 }, (_, i) => `word${from + i}`),
  ]);

const OLD = vocabularyOf(0, WORDS);
const NEW = extendVocabulary(OLD, vocabularyOf(WORDS - 1, WORDS + ADDED));

const MODELS: readonly (readonly [name: string, Partial<ModelSection>])[] = [
  ["a tied table", {}],
  ["tables that are not tied", { notTied: true }],
  ["clusters of one width", { adaptive: true, cutoffs: [10, 20] }],
  ["projected embeddings", { adaptive: true, cutoffs: [10], dEmbed: 12 }],
  ["narrower clusters", { adaptive: true, cutoffs: [10, 20], divVal: 2 }],
  ["narrower clusters that are not tied", {
    ...{ adaptive: true, cutoffs: [10, 20], divVal: 2, notTied: true },
  }],
  ["learned distances and uniform tables", { attnType: 1, embInit: "uniform" }],
];

/** Weights by name. */
async function valuesOf(model: Model): Promise<Map<string, readonly number[]>> {
  const { device, store } = model;
  const all = await Array.fromAsync(readParameters(device, store, weightsOf(store)));
  return new Map(all.map(([{ name }, values]) => [name, [...values]]));
}

/** Losses of the targets of a text, by word. */
async function lossesOf(device: Device, model: Model): Promise<(readonly [number, number])[]> {
  using memory = new Memory(device, model, LENGTHS, "memory");
  using plan = await device.plan("losses", (rec) => {
    const batch = model.inputs(rec, LENGTHS);
    const options = { lengths: LENGTHS, drop: NO_DROPOUT, memory, differentiate: false };
    const { nll } = model.forward(rec, batch, options);
    return { inputs: batch.inputs, outputs: { nll }, kept: batch };
  });
  const losses: (readonly [number, number])[] = [];
  for (const segment of new Batches(TEXT, LENGTHS).segments()) {
    plan.run(plan.kept.values(segment, memory, { chunks: 1, seed: 0, step: 0, stream: 0 }));
    memory.advance(segment.rows);
    const { nll } = await plan.read("nll");
    for (const [row, word] of segment.targets.entries()) losses.push([word, nll[row]!]);
  }
  return losses;
}

/** A stored model, and the configuration for more symbols. */
async function stored(device: Device, path: string, settings: Partial<ModelSection>) {
  const config = modelOf(smallConfig({ ...settings }), WORDS, settings.cutoffs ?? []);
  using model = await createModel(device, config, { seed: 5 });
  await saveModel(path, model, OLD);
  const larger: ModelConfig = { ...config, nToken: NEW.size };
  return { larger, values: await valuesOf(model), losses: await lossesOf(device, model) };
}

for (const [name, settings] of MODELS) {
  Deno.test(`${name} keep all rows, and further rows are those of a new model`, async () => {
    await using scratch = new Scratch();
    using device = new ReferenceDevice({ precision: "f64" });
    const { larger, values, losses } = await stored(device, scratch.at("old"), settings);
    using checkpoint = await openCheckpoint(scratch.at("old"));
    using model = await extendModel(device, checkpoint, larger, { seed: 9 });
    using fresh = await createModel(device, larger, { seed: 9 });
    const [extended, initial] = [await valuesOf(model), await valuesOf(fresh)];
    let rows = 0;
    for (const [key, before] of values) {
      assertEquals(extended.get(key)!.slice(0, before.length), before, key);
      assertEquals(extended.get(key)!.slice(before.length), initial.get(key)!.slice(before.length));
      rows += extended.get(key)!.length > before.length ? 1 : 0;
    }
    assertEquals(rows, settings.notTied ? 3 : 2); // tables and a bias
    await saveModel(scratch.at("new"), model, NEW);
    using loaded = await loadModel(device, scratch.at("new"));
    assertEquals([loaded.config, loaded.vocabulary.size], [larger, WORDS + ADDED]);
    const after = await lossesOf(device, loaded);
    const { cutoffs } = larger;
    for (const [i, [word, loss]] of losses.entries()) {
      // Further words compete within their own cluster alone.
      if (word < (cutoffs.at(-1) ?? 0)) assertEquals(after[i], [word, loss]);
      else assert(after[i]![1] > loss, `word ${word}`);
    }
  });
}

Deno.test("a model of another shape is refused, and one without further rows is the stored one", async () => {
  await using scratch = new Scratch();
  using device = new ReferenceDevice({ precision: "f32" });
  const { larger, values } = await stored(device, scratch.at("old"), {});
  using checkpoint = await openCheckpoint(scratch.at("old"));
  const wider = { ...larger, dInner: 2 * larger.dInner };
  await assertRejects(() => extendModel(device, checkpoint, wider), CheckpointError, "wants F32");
  const fewer = { ...larger, nToken: WORDS - 1 };
  await assertRejects(() => extendModel(device, checkpoint, fewer), CheckpointError, "wants F32");
  using same = await extendModel(device, checkpoint, checkpoint.config);
  assertEquals(await valuesOf(same), values);
});

Deno.test("the section of a model gives the same model again", () => {
  for (const [, settings] of MODELS) {
    const config = modelOf(smallConfig({ ...settings }), WORDS, settings.cutoffs ?? []);
    const again = modelOf(smallConfig(sectionOf(config)), WORDS, config.cutoffs);
    assertEquals(again, config);
  }
});
