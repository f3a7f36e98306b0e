/**
 * Generation by a model: greedy decoding against full evaluations, frequencies against the model's
 * distribution, seeds, samples, lengths and stop strings.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  drawToken,
  type GeneratedToken,
  type GenerateSettings,
  Generator,
  type GeneratorSettings,
  tokenWeights,
  uniformAt,
} from "@transformer-xl/eval";
import {
  CharacterVocabulary,
  createModel,
  Memory,
  type Model,
  type ModelSettings,
  NO_DROPOUT,
} from "@transformer-xl/model";
import { ConfigError, DataError, type Device, ReferenceDevice } from "@transformer-xl/runtime";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const SYMBOLS = [..."abcdefghijklmnopqrstuvwx"];
const VOCABULARY = new CharacterVocabulary(SYMBOLS);
const V = SYMBOLS.length;
const PROMPT = Uint32Array.from({ length: 11 }, (_, i) => (5 * i + i * i) % V);

const PLAIN = { nLayer: 2, nHead: 2, dHead: 8, dModel: 16, dInner: 32, initStd: 0.4 } as const;
const ADAPTIVE = { ...PLAIN, adaptive: true, cutoffs: [8, 16], divVal: 2 };

function modelOn(
  device: Device,
  settings: Partial<ModelSettings> = ADAPTIVE,
): Promise<Model> {
  return createModel(device, { vocabSize: V, ...settings }, { seed: 3 });
}

async function tokensOf(
  model: Model,
  settings: GenerateSettings,
  { prompt = PROMPT, ...sizes }: Partial<GeneratorSettings> & { prompt?: string | Uint32Array } =
    {},
): Promise<GeneratedToken[]> {
  using generator = await Generator.open(model, VOCABULARY, { memLen: 32, ...sizes });
  return await Array.fromAsync(generator.generate(prompt, settings));
}

function idsOf(tokens: readonly GeneratedToken[], sample = 0): number[] {
  return tokens.filter((token) => token.sample === sample).map(({ id }) => id);
}

/** Log-probabilities of all words after a text, evaluated as one segment. */
async function afterText(
  model: Model,
  text: Uint32Array<ArrayBuffer>,
): Promise<Float64Array<ArrayBuffer>> {
  const rows = text.length;
  const lengths = { batchSize: 1, tgtLen: rows, extLen: 0, memLen: 0 };
  using memory = new Memory(model.device, model, lengths, "none");
  using plan = await model.device.plan("whole text", (rec) => {
    const batch = model.inputs(rec, lengths);
    const options = { lengths, memory, drop: NO_DROPOUT, head: "logProbabilities" } as const;
    const words = model.forward(rec, batch, options);
    return { inputs: batch.inputs, outputs: { words }, kept: batch };
  });
  const segment = { rows, targetRows: rows, columns: 1, start: 0, scored: true };
  const numbers = { chunks: 1, seed: 0, step: 0, stream: 0 };
  plan.run(plan.kept.values({ inputs: text, targets: text, ...segment }, memory, numbers));
  const { words } = await plan.read("words");
  return Float64Array.from(words.subarray((rows - 1) * V));
}

for (const settings of [PLAIN, ADAPTIVE]) {
  Deno.test(`greedy tokens are those of repeated full evaluations: ${JSON.stringify(settings)}`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    using model = await modelOn(device, settings);
    const length = 12;
    const tokens = await tokensOf(model, { length, temperature: 0 }, { segmentLen: 4 });
    const text = [...PROMPT];
    for (const { id, logProbability } of tokens) {
      const words = await afterText(model, Uint32Array.from(text));
      const best = words.indexOf(Math.max(...words));
      assertEquals(id, best);
      assert(Math.abs(logProbability - words[best]!) < 1e-9);
      text.push(best);
    }
    assertEquals(text.length, PROMPT.length + length);
  });
}

for (const settings of [PLAIN, ADAPTIVE]) {
  Deno.test(`frequencies of 20,000 draws are the probabilities of the model, by chi-square: ${JSON.stringify(settings)}`, async () => {
    using device = new ReferenceDevice({ precision: "f32" });
    using model = await modelOn(device, settings);
    const words = await afterText(model, PROMPT);
    const count = 20_000;
    for (const temperature of [1, 0.7]) {
      const powers = words.map((word) => Math.exp(word / temperature));
      const total = powers.reduce((sum, power) => sum + power, 0);
      const weights = tokenWeights(words, new Set(), { temperature });
      const drawn = new Float64Array(V);
      for (let i = 0; i < count; i++) drawn[drawToken(weights, uniformAt(5, 0, i))]! += 1;
      // Words that are expected less than five times are counted together.
      const expected = powers.map((power) => count * power / total);
      const isRare = (id: number) => expected[id]! < 5;
      const common = [...SYMBOLS.keys()].filter((id) => !isRare(id));
      const rest = (values: Float64Array) =>
        values.filter((_, id) => isRare(id)).reduce((a, b) => a + b, 0);
      let chi = common.reduce(
        (sum, id) => sum + (drawn[id]! - expected[id]!) ** 2 / expected[id]!,
        0,
      );
      if (rest(expected) > 0) chi += (rest(drawn) - rest(expected)) ** 2 / rest(expected);
      assert(common.length > 5, `${common.length} words`);
      // 99.9 % of a chi-square distribution, by Wilson and Hilferty.
      const freedom = common.length - (rest(expected) > 0 ? 0 : 1);
      const spread = 2 / (9 * freedom);
      const limit = freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
      assert(chi < limit, `chi-square ${chi}, limit ${limit}`);
    }
  });
}

Deno.test("a seed gives the same tokens again, in any batch, and other seeds others", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOn(device);
  const settings = { length: 20, seed: 7 };
  const two = await tokensOf(model, settings, { samples: 2 });
  assertEquals(idsOf(await tokensOf(model, settings)), idsOf(two));
  assertEquals(idsOf(two).length, 20);
  assertNotEquals(idsOf(two, 1), idsOf(two));
  assertNotEquals(idsOf(await tokensOf(model, { ...settings, seed: 8 })), idsOf(two));
  assertNotEquals(
    idsOf(await tokensOf(model, { length: 20 })),
    idsOf(await tokensOf(model, { length: 20 })),
  );
});

gpuTest("a seed gives the same tokens on the adapter and on the loops", async () => {
  using loops = new ReferenceDevice({ precision: "f32" });
  const [there, here] = [await modelOn(await openTestGpu()), await modelOn(loops)];
  using _there = there;
  using _here = here;
  const settings = { length: 40, seed: 11, temperature: 0.9, topP: 0.95 };
  const want = await tokensOf(here, settings, { samples: 3 });
  const got = await tokensOf(there, settings, { samples: 3 });
  assertEquals(got.map(({ id }) => id), want.map(({ id }) => id));
});

Deno.test("a prompt longer than the memory is read to its end", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using model = await modelOn(device);
  const prompt = Uint32Array.from({ length: 30 }, (_, i) => (7 * i + i * i * i) % V);
  const last = Uint32Array.from(prompt);
  last[29] = (last[29]! + 1) % V;
  const first = async (prompt: Uint32Array) =>
    (await tokensOf(model, { length: 1, temperature: 0 }, { prompt, memLen: 4, segmentLen: 8 }))[
      0
    ]!;
  assertNotEquals((await first(last)).logProbability, (await first(prompt)).logProbability);
  assertEquals((await first(prompt)).end, "length");
});

Deno.test("samples end at their stop strings, and the others go on", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOn(device);
  const settings = { length: 30, seed: 2 };
  const all = await tokensOf(model, settings, { samples: 3, prompt: "abc" });
  const textOf = (tokens: readonly GeneratedToken[], sample: number) =>
    tokens.filter((token) => token.sample === sample).map(({ text }) => text).join("");
  const texts = [0, 1, 2].map((sample) => textOf(all, sample));
  const stop = [texts[0]!.slice(5, 8), texts[1]!.slice(11, 13)];
  const stopped = await tokensOf(model, { ...settings, stop }, { samples: 3, prompt: "abc" });
  texts.forEach((text, sample) => {
    const ends = stop.map((word) => text.indexOf(word)).filter((at) => at >= 0);
    assertEquals(textOf(stopped, sample), text.slice(0, Math.min(...ends, text.length)));
    const { end } = stopped.findLast((token) => token.sample === sample)!;
    assertEquals(end, ends.length > 0 ? "stop" : "length");
  });
  assertEquals(all.filter(({ end }) => end === "length").length, 3);
});

Deno.test("a new text begins without memory of the one before, which ends", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOn(device);
  using generator = await Generator.open(model, VOCABULARY, { memLen: 16 });
  const settings = { length: 6, seed: 1 };
  const abandoned = generator.generate("xyz".replaceAll(/[yz]/g, "w"), settings);
  await abandoned.next();
  const again = await Array.fromAsync(generator.generate(PROMPT, settings));
  assertEquals(idsOf(again), idsOf(await tokensOf(model, settings, { memLen: 16 })));
  assertEquals((await abandoned.next()).done, true);
});

Deno.test("symbols without a name are never generated", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOn(device, { ...PLAIN, vocabSize: 2 * V });
  const ids = idsOf(await tokensOf(model, { length: 60, seed: 1, temperature: 5 }));
  assert(ids.every((id) => id < V));
});

Deno.test("wrong settings are refused before anything runs", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelOn(device);
  const refused = (settings: GenerateSettings, message: string) =>
    assertRejects(() => tokensOf(model, settings), ConfigError, message);
  await refused({ length: 0 }, "Cannot generate 0 tokens");
  await refused({ length: 1.5 }, "Cannot generate 1.5 tokens");
  await refused({ stop: ["a", ""] }, "Cannot stop at an empty string");
  await refused({ topK: -1 }, "Cannot sample with topK -1");
  await assertRejects(() => tokensOf(model, {}, { prompt: "A" }), DataError, '"A"');
});
