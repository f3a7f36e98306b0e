/**
 * Memory rows of evaluations, kept as keys and values or as hidden states.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { mean, PlanScorer } from "@transformer-xl/eval";
import {
  type AttentionType,
  Batches,
  type CacheChoice,
  InferenceMemory,
  initialise,
  type LengthSettings,
  type MemoryContent,
  Model,
  type ModelConfig,
  modelConfig,
} from "@transformer-xl/model";
import {
  ConfigError,
  type Device,
  DryDevice,
  PORTABLE_LIMITS,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { modelOf } from "@transformer-xl/train";
import { callProgram } from "../support/processes/called_program.ts";
import type { Flags } from "../support/program.ts";
import { Scratch, smallConfig } from "../support/small_run.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const V = 30;
const LENGTHS = { batchSize: 2, tgtLen: 5, extLen: 0, memLen: 12 };
/** 21 rows in each column: the memory fills, and the last segment is short. */
const TEXT = Uint32Array.from({ length: 2 * 22 }, (_, i) => (7 * i + i * i) % V);

interface Setting extends Partial<ModelConfig> {
  readonly extLen?: number;
  readonly memLen?: number;
}

function modelWith(device: Device, { extLen: _, memLen: __, ...settings }: Setting, fp16 = false) {
  const config = modelOf(smallConfig({ initStd: 0.4, attnType: settings.attnType ?? 0 }), V, []);
  const model = Model.allocate(device, { ...config, ...settings }, { fp16 });
  initialise(device, model.store, 11);
  return model;
}

/** Losses of all tokens of the text. */
async function losses(scorer: PlanScorer): Promise<number[]> {
  const all: number[] = [];
  scorer.reset();
  for (const segment of new Batches(TEXT, scorer.lengths).segments()) {
    scorer.run(segment);
    all.push(...(await scorer.tokenLosses()).subarray(0, segment.targets.length));
    await scorer.losses();
  }
  return all;
}

async function lossesWith(model: Model, lengths: LengthSettings, cache: CacheChoice) {
  using scorer = await PlanScorer.open(model, lengths, { cache });
  return await losses(scorer);
}

/** Largest difference between the two ways to keep memory rows. */
async function difference(device: Device, setting: Setting): Promise<number> {
  using model = modelWith(device, setting);
  const { extLen = 0, memLen = LENGTHS.memLen } = setting;
  const lengths = { ...LENGTHS, extLen, memLen };
  const keys = await lossesWith(model, lengths, "keys");
  const hidden = await lossesWith(model, lengths, "hidden");
  assertEquals(keys.length, 2 * 21);
  assertEquals(await lossesWith(model, lengths, "auto"), keys);
  return Math.max(...keys.map((loss, i) => Math.abs(loss - hidden[i]!)));
}

const SETTINGS: readonly Setting[] = [
  {},
  { preLnorm: true, sameLength: true },
  { extLen: 2, clampLen: 4 },
  { sameLength: true, compat: "2019" },
  { memLen: 3 },
  { memLen: 0 },
];

for (const attnType of [0, 1] as const) {
  for (const setting of SETTINGS) {
    const name = JSON.stringify({ attnType, ...setting });
    Deno.test(`losses over kept keys are those over hidden states: ${name}`, async () => {
      using device = new ReferenceDevice({ precision: "f64" });
      assert(await difference(device, { attnType, ...setting }) < 1e-9);
    });
  }

  gpuTest(
    `losses over kept keys are those over hidden states on the adapter: type ${attnType}`,
    async () => {
      const device = await openTestGpu();
      assert(await difference(device, { attnType, preLnorm: true, extLen: 2 }) < 1e-5);
    },
  );

  gpuTest(
    `losses over kept keys are those over hidden states in half precision: type ${attnType}`,
    async () => {
      const gpu = await openTestGpu();
      using loops = new ReferenceDevice({ precision: "f64" });
      const setting = { attnType, preLnorm: true };
      using there = modelWith(gpu, setting, true);
      using here = modelWith(loops, setting);
      const wanted = await lossesWith(here, LENGTHS, "hidden");
      const keys = await lossesWith(there, LENGTHS, "keys");
      const hidden = await lossesWith(there, LENGTHS, "hidden");
      const worst = (a: readonly number[], b: readonly number[]) =>
        Math.max(...a.map((loss, i) => Math.abs(loss - b[i]!) / Math.max(1, b[i]!)));
      // Losses of 0 to 73 nats. Both are rounded in other places; a half is rounded by up to 4.9e-4.
      for (const losses of [keys, hidden]) assert(worst(losses, wanted) < 1e-2);
      assert(worst(keys, hidden) < 5e-3);
    },
  );
}

gpuTest("losses on the adapter are those of float64 loops, with either cache", async () => {
  const gpu = await openTestGpu();
  using loops = new ReferenceDevice({ precision: "f64" });
  const setting = { preLnorm: true, attnType: 0 } as const;
  using there = modelWith(gpu, setting);
  using here = modelWith(loops, setting);
  const lengths = { ...LENGTHS, extLen: 2 };
  const wanted = await lossesWith(here, lengths, "hidden");
  assertEquals(wanted.length, 2 * 21);
  for (const model of [there, here]) {
    for (const cache of ["keys", "hidden"] as const) {
      const got = await lossesWith(model, lengths, cache);
      assertAlmostEquals(mean(got), mean(wanted), 1e-5, cache);
      const worst = Math.max(...got.map((loss, i) => Math.abs(loss / wanted[i]! - 1)));
      assert(worst < 1e-5, `${model.device.info.adapter}, ${cache}: ${worst}`);
    }
  }
});

Deno.test("two processes keep keys of their own columns, and the loss is that of one", async () => {
  await using scratch = new Scratch();
  const sizes = { n_token: 40, n_layer: 2, n_head: 2, d_model: 8, d_head: 4, d_inner: 16 };
  const losses = await Promise.all(
    ([["one", 1, "hidden"], ["two", 2, "keys"]] as const).map(async ([name, gpus, cache]) => {
      const { code, stdout, stderr } = await callProgram("eval", {
        ...{ manual_config: JSON.stringify({ ...sizes, tgt_len: 4, mem_len: 12, ext_len: 0 }) },
        ...{ work_dir: scratch.at(name), device: "cpu", gpus, oversubscribe: true, cache },
        ...{ batch_size: 2, tgt_len: 4, mem_len: 12, max_size: 8 },
      });
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `cache ${cache} : `);
      const log = await Deno.readTextFile(`${scratch.at(name)}/eval_log.jsonl`);
      return Number(/"kind":"result".*?"lossNats":([\d.]+)/.exec(log)![1]);
    }),
  );
  assert(losses[0]! > 3);
  assertAlmostEquals(losses[1]!, losses[0]!, 1e-5);
});

Deno.test("a scorer that was reset scores with the present weights", async () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using model = modelWith(device, {});
  using scorer = await PlanScorer.open(model, LENGTHS, { cache: "keys" });
  const before = await losses(scorer);
  assertEquals(await losses(scorer), before);
  initialise(device, model.store, 12);
  const after = await losses(scorer);
  assert(after.every((loss, i) => loss !== before[i]));
  assertEquals(after, await lossesWith(model, LENGTHS, "keys"));
});

Deno.test("keys of rows to which positions are added are refused with memory alone", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  for (const attnType of [2, 3] as const satisfies readonly AttentionType[]) {
    using model = modelWith(device, { attnType });
    await assertRejects(
      () => PlanScorer.open(model, LENGTHS, { cache: "keys" }),
      ConfigError,
      `Cannot keep keys of memory rows with attention type ${attnType}: it adds positions to them`,
    );
    const hidden = await lossesWith(model, LENGTHS, "hidden");
    assertEquals(await lossesWith(model, LENGTHS, "auto"), hidden);
    using _ = await PlanScorer.open(model, { ...LENGTHS, memLen: 0 }, { cache: "keys" });
  }
});

Deno.test("kept keys take a layer of the base model from 24.7 to 8.5 MFLOP per token", async () => {
  const lengths = { batchSize: 1, tgtLen: 64, extLen: 0, memLen: 640 };
  const sizes = { vocabSize: 100, nLayer: 2, nHead: 8, dHead: 64, dModel: 512, dInner: 2048 };
  const megaflops = async (content: MemoryContent) => {
    const device = new DryDevice(PORTABLE_LIMITS);
    const model = Model.allocate(device, modelConfig(sizes));
    const memory = await InferenceMemory.open(model, lengths, { label: "memory", cache: content });
    const plan = await device.plan("hidden rows", (rec) => {
      const batch = model.inputs(rec, lengths);
      const y = model.forward(rec, batch, { ...memory.recording, head: "hidden" });
      return { inputs: batch.inputs, outputs: { y } };
    });
    return plan.cost.flops / lengths.tgtLen / sizes.nLayer / 1e6;
  };
  assertAlmostEquals(await megaflops("hidden"), 24.7, 0.05);
  assertAlmostEquals(await megaflops("keys"), 8.5, 0.05);
});

Deno.test("--cache prints the bytes of memory, changes no loss, and names the remedy where keys change", async () => {
  await using scratch = new Scratch();
  const evaluate = async (flags: Flags, attn_type = 0) => {
    const sizes = { n_token: 40, n_layer: 2, n_head: 2, d_model: 8, d_head: 4, d_inner: 16 };
    const shape = { ...sizes, attn_type, tgt_len: 4, mem_len: 64, ext_len: 0 };
    return await callProgram("eval", {
      ...{ manual_config: JSON.stringify(shape), work_dir: scratch.at("run"), device: "cpu" },
      ...{ batch_size: 1, tgt_len: 4, mem_len: 64, max_size: 3, ...flags },
    });
  };
  const [auto, keys, hidden] = [
    await evaluate({}),
    await evaluate({ cache: "keys" }),
    await evaluate({ cache: "hidden" }),
  ].map(({ stdout, stderr, code }) => {
    assertEquals(code, 0, stderr);
    return stdout;
  });
  // Losses have 512 slots; keys and values are 16 wide, positions of 68 distances 8.
  assertStringIncludes(keys!, "cache keys : 14.3 KiB of memory, positions and losses beside ");
  assertStringIncludes(hidden!, "cache hidden : 6.0 KiB of memory, positions and losses beside ");
  assertStringIncludes(auto!, "cache keys : ");
  const loss = (stdout: string) => /^\| \w+ loss .*$/m.exec(stdout)![0];
  assertEquals(loss(keys!), loss(hidden!));

  const refused = await evaluate({ cache: "keys" }, 2);
  assertEquals(refused.code, 2);
  assertStringIncludes(
    refused.stderr,
    "Cannot keep keys of memory rows with attention type 2: it adds positions to them, which change " +
      "in every segment; leave out --cache, or use --cache hidden",
  );
  const wrong = await evaluate({ cache: "values" });
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "--cache");
});
