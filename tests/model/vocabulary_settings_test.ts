/**
 * Every combination of the vocabulary's settings: clusters, divisor, width, tied weights and tied
 * projections.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Batches,
  CharacterVocabulary,
  dataSet,
  loadModel,
  type ModelConfig,
  modelConfig,
  saveModel,
} from "@transformer-xl/model";
import { ConfigError, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { assertClose } from "../support/compare.ts";
import { GradientModel } from "../support/model/model_gradients.ts";
import { NamedWeights, plainForward } from "../support/model/plain_model.ts";
import { Scratch, smallConfig } from "../support/small_run.ts";

const [V, D] = [30, 16];
const LENGTHS = { batchSize: 2, tgtLen: 4 };
const TEXT = Uint32Array.from({ length: 10 }, (_, i) => 7 * i % V);
const SEGMENT = new Batches(TEXT, LENGTHS).segment(0);
const VOCABULARY = new CharacterVocabulary(
  Array.from({ length: V }, (_, i) => String.fromCodePoint(0x4e00 + i)),
);

/** Every pattern of `count` booleans. */
function patterns(count: number): boolean[][] {
  return Array.from(
    { length: 2 ** count },
    (_, bits) => Array.from({ length: count }, (_, i) => (bits >> i) % 2 === 1),
  );
}

/** Names, shapes and order of all parameters, from the description of the reference's state dict. */
function describedShapes(config: ModelConfig): [string, readonly number[]][] {
  const { nToken, dEmbed, dModel: d, divVal, cutoffs, tieProjs, tieWeight } = config;
  const ends = [...cutoffs, nToken];
  const sizes = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  const widths = sizes.map((_, i) => Math.floor(dEmbed / divVal ** i));
  const tables = divVal === 1 ? [[nToken, dEmbed]] : sizes.map((size, i) => [size, widths[i]!]);
  const projections = divVal > 1 ? widths : dEmbed === d ? [] : [dEmbed];
  const isProjected = divVal > 1 || dEmbed !== d;
  const named = <T>(
    list: readonly T[],
    name: (i: number) => string,
    shape: (each: T) => number[],
  ) => list.map((each, i): [string, number[]] => [name(i), shape(each)]);
  return [
    ["r_w_bias", [2, 8]],
    ["r_r_bias", [2, 8]],
    ...named(tables, (i) => `word_emb.emb_layers.${i}.weight`, (shape) => shape),
    ...named(projections, (i) => `word_emb.emb_projs.${i}`, (width) => [d, width]),
    ["layers.0.dec_attn.qkv_net.weight", [48, d]],
    ["layers.0.dec_attn.o_net.weight", [d, 16]],
    ["layers.0.dec_attn.layer_norm.weight", [d]],
    ["layers.0.dec_attn.layer_norm.bias", [d]],
    ["layers.0.dec_attn.r_net.weight", [16, d]],
    ["layers.0.pos_ff.CoreNet.0.weight", [8, d]],
    ["layers.0.pos_ff.CoreNet.0.bias", [8]],
    ["layers.0.pos_ff.CoreNet.3.weight", [d, 8]],
    ["layers.0.pos_ff.CoreNet.3.bias", [d]],
    ["layers.0.pos_ff.layer_norm.weight", [d]],
    ["layers.0.pos_ff.layer_norm.bias", [d]],
    ...named(cutoffs.slice(0, 1), () => "crit.cluster_weight", () => [cutoffs.length, dEmbed]),
    ...named(cutoffs.slice(0, 1), () => "crit.cluster_bias", () => [cutoffs.length]),
    ...named(tieWeight ? [] : tables, (i) => `crit.out_layers_weights.${i}`, (shape) => shape),
    ...named(tables, (i) => `crit.out_layers_biases.${i}`, ([rows]) => [rows!]),
    ...named(isProjected ? widths : [], (i) => `crit.out_projs.${i}`, (width) => [d, width])
      .filter((_, i) => !tieProjs[i]),
  ];
}

for (const cutoffs of [[], [10], [10, 20]]) {
  for (const divVal of [1, 2, 4]) {
    for (const dEmbed of [D, 9, 21]) {
      const name = `cut-offs [${cutoffs}], a divisor of ${divVal} and embeddings of ${dEmbed}`;
      const sizes = { nLayer: 1, nHead: 2, dHead: 8, dModel: D, dInner: 8, dropout: 0 };
      const adaptive = cutoffs.length > 0;
      const settings = { ...sizes, vocabSize: V, adaptive, cutoffs, divVal, dEmbed };
      if (Math.floor(dEmbed / divVal ** cutoffs.length) < 1) {
        Deno.test(`${name} are refused: the last would have no width`, () => {
          assertThrows(() => modelConfig(settings), ConfigError, "the last would be empty");
        });
        continue;
      }
      Deno.test(`parameters, losses, gradients and checkpoints are right with ${name}`, async () => {
        await using scratch = new Scratch();
        for (const notTied of [false, true]) {
          for (const tieProjs of patterns(cutoffs.length + 1)) {
            const config = { ...modelConfig({ ...settings, notTied }), tieProjs };
            await checkModel(config, scratch, `not tied: ${notTied}, tied projections ${tieProjs}`);
          }
        }
      });
    }
  }
}

/** Checks names, shapes, losses against plain formulas, gradients, and a saved copy. */
async function checkModel(config: ModelConfig, scratch: Scratch, name: string): Promise<void> {
  using gradients = await GradientModel.record(config, LENGTHS);
  const { model } = gradients;
  const weights = await NamedWeights.of(model);
  assertEquals(Object.entries(weights.shapes), describedShapes(config), name);

  const { logProbabilities } = plainForward(config, weights, SEGMENT.inputs, LENGTHS.batchSize);
  const want = Array.from(SEGMENT.targets, (target, row) => -logProbabilities[row]![target]!);
  assertClose(await gradients.losses(SEGMENT), Float64Array.from(want), 1e-6, name);
  await gradients.check(SEGMENT, name);

  const path = scratch.at("model.safetensors");
  await saveModel(path, model, VOCABULARY);
  using device = new ReferenceDevice({ precision: "f64" });
  using loaded = await loadModel(device, path);
  assertEquals(loaded.config, config);
  const after = await NamedWeights.of(loaded);
  for (const parameter of Object.keys(weights.shapes)) {
    assertEquals(after.vector(parameter), weights.vector(parameter), parameter);
  }
}

Deno.test("a last cluster of no symbol has a column of the head alone", async () => {
  await using scratch = new Scratch();
  const sizes = { nLayer: 1, nHead: 2, dHead: 8, dModel: D, dInner: 8, dropout: 0 };
  for (const dEmbed of [D, 9]) {
    const model = modelConfig({ ...sizes, vocabSize: V, adaptive: true, cutoffs: [10], dEmbed });
    const config = { ...model, cutoffs: [10, V], tieProjs: [false, true, true] };
    await checkModel(config, scratch, `embeddings of ${dEmbed}`);
  }
});

Deno.test("tails share the projections of the embedding in WikiText, none do in lm1b", () => {
  const tied = { wt103: [false, true, true, true], lm1b: [false, false, false, false] } as const;
  for (const dataset of ["wt103", "lm1b"] as const) {
    const { vocabularySize, cutoffs } = dataSet(dataset);
    const config = smallConfig({ dataset, adaptive: true, dModel: 64, divVal: 4 });
    assertEquals(modelOf(config, vocabularySize, cutoffs).tieProjs, [...tied[dataset]]);
  }
  assertEquals(modelOf(smallConfig({ dataset: "wt103" }), V, []).tieProjs, [false]);
});
