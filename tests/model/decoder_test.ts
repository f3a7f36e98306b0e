/**
 * Decoding token by token, against the log-probabilities of whole segments.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AttentionType,
  createModel,
  Decoder,
  Memory,
  type Model,
  type ModelSection,
  NO_DROPOUT,
} from "@transformer-xl/model";
import { DataError, type Device, type HostArray, ReferenceDevice } from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { smallConfig } from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const V = 24;
const B = 2;
const TOKENS = Uint32Array.from({ length: 11 * B }, (_, i) => (5 * i + i * i) % V);
const ROWS = TOKENS.length / B;

async function modelWith(
  device: Device,
  settings: Partial<ModelSection>,
  fp16 = false,
): Promise<Model> {
  const config = modelOf(
    smallConfig({ ...settings, initStd: 0.4 }),
    V,
    settings.cutoffs ?? [],
  );
  return await createModel(device, config, { seed: 3, fp16 });
}

/** Log-probabilities after the last row of segments of 1, 2, ... rows without memory, [B, V] each. */
async function ofSegments(model: Model): Promise<HostArray[]> {
  const { device } = model;
  const lengths = { batchSize: B, tgtLen: ROWS, extLen: 0, memLen: 0 };
  using memory = new Memory(device, model, lengths, "none");
  using plan = await device.plan("segment", (rec) => {
    const batch = model.inputs(rec, lengths);
    const options = { lengths, memory, drop: NO_DROPOUT, head: "logProbabilities" } as const;
    const words = model.forward(rec, batch, options);
    return { inputs: batch.inputs, outputs: { words }, kept: batch };
  });
  const last: HostArray[] = [];
  for (let rows = 1; rows <= ROWS; rows++) {
    const tokens = TOKENS.slice(0, rows * B);
    const segment = { rows, targetRows: rows, columns: B, start: 0, scored: true };
    const numbers = { chunks: 1, seed: 0, step: 0, stream: 0 };
    plan.run(plan.kept.values({ inputs: tokens, targets: tokens, ...segment }, memory, numbers));
    const { words } = await plan.read("words");
    last.push(words.subarray((rows - 1) * B * V, rows * B * V));
  }
  return last;
}

function difference(got: HostArray, want: HostArray): number {
  assertEquals(got.length, want.length);
  return Math.max(...Array.from(got, (value, i) => Math.abs(value - want[i]!)));
}

/** Largest difference of decoding after prompts of these lengths. */
async function worstDifference(model: Model, prompts: readonly number[]): Promise<number> {
  const want = await ofSegments(model);
  using decoder = await Decoder.open(model, { batchSize: B, memLen: ROWS, segmentLen: 4 });
  let worst = 0;
  for (const prompt of prompts) {
    decoder.reset();
    const first = await decoder.prefill(TOKENS.subarray(0, prompt * B));
    worst = Math.max(worst, difference(first, want[prompt - 1]!));
    for (let r = prompt; r < ROWS; r++) {
      const words = await decoder.next(TOKENS.subarray(r * B, (r + 1) * B));
      worst = Math.max(worst, difference(words, want[r]!));
    }
  }
  return worst;
}

const ADAPTIVE = { preLnorm: true, adaptive: true, cutoffs: [8, 16], divVal: 2 };

// Rows of types 2 and 3 carry their position in the segment that reads them into deeper layers.
const MODELS: readonly Partial<ModelSection>[] = [
  ...[0, 1].map((attnType) => ({ attnType: attnType as AttentionType })),
  ...[2, 3].map((attnType) => ({ attnType: attnType as AttentionType, nLayer: 1 })),
  ADAPTIVE,
  { clampLen: 3 },
];

for (const settings of MODELS) {
  Deno.test(`tokens one by one are those of whole segments: ${JSON.stringify(settings)}`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    using model = await modelWith(device, settings);
    assert(await worstDifference(model, [1, 4, 5, 10]) < 1e-10);
  });
}

for (const attnType of [0, 1] as const) {
  for (const sameLength of [false, true]) {
    const name = `type ${attnType}${sameLength ? ", same length" : ""}`;
    Deno.test(`a window of keys that moves is a memory of hidden states: ${name}`, async () => {
      using device = new ReferenceDevice({ precision: "f64" });
      using model = await modelWith(device, { attnType, sameLength });
      const settings = { batchSize: B, memLen: 5, segmentLen: 3 };
      using keys = await Decoder.open(model, { ...settings, cache: "keys" });
      using hidden = await Decoder.open(model, { ...settings, cache: "hidden" });
      const both = async (read: (decoder: Decoder) => Promise<HostArray>) =>
        difference(await read(keys), await read(hidden));
      for (const prompt of [5, 1]) { // the second follows tokens, with a window partly used
        assert(await both((decoder) => decoder.prefill(TOKENS.subarray(0, prompt * B))) < 1e-12);
        for (let r = 0; r < 8; r++) {
          const ids = TOKENS.subarray(r * B, (r + 1) * B);
          assert(await both((decoder) => decoder.next(ids)) < 1e-12, `token ${r}`);
        }
      }
      const again = async (decoder: Decoder) => {
        decoder.reset();
        return await decoder.prefill(TOKENS);
      };
      assert(await both(again) < 1e-12);
    });
  }
}

Deno.test("a decoder without memory sees one token", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using model = await modelWith(device, {});
  using decoder = await Decoder.open(model, { batchSize: B, memLen: 0 });
  const last = TOKENS.subarray(TOKENS.length - B);
  const after = await decoder.prefill(TOKENS);
  assert(difference(await decoder.next(last), after) === 0);
});

gpuTest("tokens one by one are those of whole segments on the adapter", async () => {
  using model = await modelWith(await openTestGpu(), ADAPTIVE);
  assert(await worstDifference(model, [1, 9]) < 2e-5);
});

Deno.test("a decoder refuses rows that are not whole and ids that the model lacks", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await modelWith(device, {});
  using decoder = await Decoder.open(model, { batchSize: B, memLen: 4, segmentLen: 4 });
  const refused = (call: () => Promise<unknown>, message: string) =>
    assertRejects(call, DataError, message);
  await refused(() => decoder.prefill(new Uint32Array(0)), "a prompt of 0 tokens in 2 sequences");
  await refused(() => decoder.prefill(new Uint32Array(3)), "whole rows of 2 are expected");
  await refused(() => decoder.next(new Uint32Array(1)), "one id each is expected");
  await refused(() => decoder.next(Uint32Array.of(0, V)), `Cannot read token ${V}`);
});
