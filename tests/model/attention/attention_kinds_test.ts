/**
 * Attention kinds: their parameters, their positions with memory, padding and other lengths than in
 * training, and what the values of `--compat` change in them beyond the golden cases F14.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type AttentionType,
  createModel,
  Memory,
  type Model,
  type ModelConfig,
  modelConfigSchema,
  parseModelConfig,
  resolveModel,
  TransformerXL,
} from "@transformer-xl/model";
import {
  ConfigError,
  ParameterStore,
  PORTABLE_LIMITS,
  readParameters,
  ReferenceDevice,
  weightsOf,
  writeWeights,
} from "@transformer-xl/runtime";
import { modelOf, trainSchema } from "@transformer-xl/train";
import { SegmentPlan } from "../../golden/runner/segment_plan.ts";

const TYPES: readonly AttentionType[] = [0, 1, 2, 3];
const [V, L, N, H, D, B] = [12, 2, 2, 4, 8, 2];
const [T, M] = [4, 6];
const R = T + M;

const config = trainSchema.parse({
  ...{ nLayer: L, nHead: N, dHead: H, dModel: D, dInner: 16, initStd: 0.4, dropout: 0 },
  ...{ tgtLen: T, memLen: M },
});
const exact = new ReferenceDevice({ precision: "f64" });

function configOf(attnType: AttentionType, settings: Partial<ModelConfig> = {}): ModelConfig {
  return { ...modelOf({ ...config, attnType }, V, []), ...settings };
}

/** A model with the weights of its names, whatever its kind. */
function modelWith(modelConfig: ModelConfig): Promise<Model> {
  return createModel(exact, modelConfig, { training: true, seed: 5 });
}

/** Token ids of `rows` rows from row `from` on, followed by those they predict. */
function segment(from: number, rows: number, targetRows = rows) {
  const id = (row: number, b: number) => (7 * row + 5 * b * row + b) % V;
  const ids = (start: number, count: number) =>
    Uint32Array.from({ length: count * B }, (_, i) => id(start + Math.floor(i / B), i % B));
  return {
    inputs: ids(from, rows),
    targets: ids(from + 1 + rows - targetRows, targetRows),
    rows,
    targetRows,
    columns: B,
    start: from,
    scored: true,
  };
}

/** A model recorded for some lengths, with its memory. */
async function recorded(
  model: Model,
  lengths: { tgtLen: number; extLen?: number; memLen: number },
) {
  const all = { batchSize: B, extLen: 0, ...lengths };
  const memory = new Memory(exact, model, all, "memory");
  const { store } = model;
  const golden = { device: exact, model, store, [Symbol.dispose]: () => {} };
  const plan = await SegmentPlan.record(golden, all, memory, { differentiate: false });
  return {
    memory,
    run: async (...given: Parameters<typeof segment>) => [...await plan.run(segment(...given))],
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      memory[Symbol.dispose]();
    },
  };
}

function assertClose(got: readonly number[], want: readonly number[], message: string): void {
  assertEquals(got.length, want.length, message);
  got.forEach((value, i) => assertAlmostEquals(value, want[i]!, 1e-12, message));
}

function differ(a: readonly number[], b: readonly number[]): boolean {
  return a.some((value, i) => Math.abs(value - b[i]!) > 1e-6);
}

async function weightsByName({ store }: Model): Promise<Map<string, Float64Array<ArrayBuffer>>> {
  const values = new Map<string, Float64Array<ArrayBuffer>>();
  for await (const [{ name }, elements] of readParameters(exact, store, weightsOf(store))) {
    values.set(name, Float64Array.from(elements));
  }
  return values;
}

Deno.test("every kind declares the reference's parameters: shared ones first, then those of layers", () => {
  const block = (...names: string[]) =>
    [0, 1].flatMap((l) => names.map((name) => `layers.${l}.dec_attn.${name}`));
  const norm = ["layer_norm.weight", "layer_norm.bias"];
  const fused = ["qkv_net.weight", "o_net.weight", ...norm];
  const apart = ["q_net.weight", "kv_net.weight", "o_net.weight", ...norm];
  const shapes: readonly (readonly [readonly string[], Record<string, readonly number[]>])[] = [
    [block(...fused, "r_net.weight"), { r_w_bias: [N, H], r_r_bias: [N, H] }],
    [block(...fused), { r_emb: [L, R, N, H], r_w_bias: [L, N, H], r_bias: [L, R, N] }],
    [block(...apart), {}],
    [block(...apart), { r_emb: [L, R, D] }],
  ];
  for (const attnType of TYPES) {
    using store = new ParameterStore();
    new TransformerXL(store, configOf(attnType), PORTABLE_LIMITS);
    const [blocks, shared] = shapes[attnType]!;
    const names = store.parameters.map(({ name }) => name);
    assertEquals(names.slice(0, Object.keys(shared).length), Object.keys(shared));
    assertEquals(names.filter((name) => name.includes("dec_attn")), blocks);
    for (const { name, shape } of store.parameters) {
      if (name in shared) assertEquals(shape, shared[name]!, name);
    }
    const elements = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
    const own = Object.values(shared).reduce((sum, shape) => sum + elements(shape), 0);
    const relative = attnType === 0 ? L * N * H * D : 0;
    const layers = L * (4 * N * H * D + 2 * D + 2 * 16 * D + 16 + D + 2 * D);
    assertEquals(store.count, own + relative + layers + V * D + V);
  }
});

Deno.test("a stored model names its kind of attention; an older one has relative attention", () => {
  const resolved = resolveModel(config, 12, []);
  assertEquals([resolved.attnType, resolved.positionRows], [0, 0]);
  const { attnType: _, positionRows: __, ...older } = resolved;
  assertEquals(parseModelConfig(older), resolved);
  assertEquals(Object.keys(modelConfigSchema.parse(older)), Object.keys(resolved));
  for (const attnType of [1, 3] as const) {
    assertEquals(configOf(attnType).positionRows, R);
    assertEquals(parseModelConfig(JSON.parse(JSON.stringify(configOf(attnType)))).positionRows, R);
  }
});

Deno.test("an unknown attention type and a table without rows are refused", () => {
  assertThrows(() => parseModelConfig({ ...configOf(0), attnType: 4 }), ConfigError, "attnType");
  for (const attnType of [1, 3] as const) {
    assertThrows(
      () => resolveModel({ ...config, attnType }, V, []),
      ConfigError,
      "give positionRows, the sum of tgtLen, extLen and memLen",
    );
  }
});

// Extended context is computed again, memory is remembered: without memory, one layer sees the same.
Deno.test("one layer of any kind sees memory as it sees extended context", async () => {
  for (const attnType of TYPES) {
    for (const preLnorm of [false, true]) {
      using model = await modelWith(configOf(attnType, { nLayer: 1, preLnorm }));
      using remembered = await recorded(model, { tgtLen: T, memLen: M });
      using computed = await recorded(model, { tgtLen: T, extLen: M, memLen: 0 });
      for (const start of [0, T]) await remembered.run(start, T);
      const got = await remembered.run(2 * T, T);
      const want = await computed.run(2 * T - M, M + T, T);
      assertClose(got, want, `type ${attnType}, pre-norm ${preLnorm}`);
    }
  }
});

Deno.test("a short segment of any kind is the one of a recording of its length", async () => {
  for (const attnType of TYPES) {
    using model = await modelWith(configOf(attnType));
    const rows = 3;
    using long = await recorded(model, { tgtLen: T, memLen: M });
    using short = await recorded(model, { tgtLen: rows, memLen: M });
    for (const { run } of [long, short]) await run(0, rows);
    assertClose(await long.run(rows, rows), await short.run(rows, rows), `type ${attnType}`);
  }
});

Deno.test("memory and positions matter to every kind", async () => {
  for (const attnType of TYPES) {
    using model = await modelWith(configOf(attnType));
    using clamped = await modelWith(configOf(attnType, { clampLen: 2 }));
    using limited = await modelWith(configOf(attnType, { sameLength: true }));
    const last = async (each: Model, memLen = M) => {
      using plan = await recorded(each, { tgtLen: T, memLen });
      for (const start of [0, T]) await plan.run(start, T);
      return await plan.run(2 * T, T);
    };
    const losses = await last(model);
    assert(differ(await last(model, 0), losses), `type ${attnType}: memory`);
    assert(differ(await last(clamped), losses), `type ${attnType}: clamping`);
    assert(differ(await last(limited), losses), `type ${attnType}: same length`);
  }
});

/** The model with tables whose farthest row is repeated up to `rows`. */
async function extended(model: Model, rows: number): Promise<Model> {
  const weights = await weightsByName(model);
  const longer = await modelWith({ ...model.config, positionRows: rows });
  writeWeights(exact, longer.store, ({ name, shape }) => {
    const values = weights.get(name)!;
    if (name !== "r_emb" && name !== "r_bias") return values;
    const width = values.length / (L * R);
    return Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
      const row = Math.max(0, Math.floor(i / width) % rows - (rows - R));
      return values[(Math.floor(i / (rows * width)) * R + row) * width + i % width]!;
    });
  });
  return longer;
}

Deno.test("distances beyond a learned table read its farthest row", async () => {
  for (const attnType of [1, 3] as const) {
    using model = await modelWith(configOf(attnType));
    using longer = await extended(model, R + 5);
    const losses = async (each: Model) => {
      using plan = await recorded(each, { tgtLen: T, memLen: M + 5 });
      for (const start of [0, T, 2 * T]) await plan.run(start, T);
      return await plan.run(3 * T, T);
    };
    assertClose(await losses(model), await losses(longer), `type ${attnType}`);
  }
});

Deno.test("--compat none clamps the distances of every kind alike; head counts rows in type 1 and leaves type 3", async () => {
  const losses = async (attnType: AttentionType, settings: Partial<ModelConfig>) => {
    using model = await modelWith(configOf(attnType, settings));
    using plan = await recorded(model, { tgtLen: T, memLen: 0 });
    return await plan.run(0, T);
  };
  const none = await losses(1, { clampLen: 2 });
  assertEquals(await losses(1, { clampLen: 3, compat: "head" }), none);
  assert(differ(await losses(1, { clampLen: 2, compat: "head" }), none));
  assert(differ(await losses(3, { clampLen: 2 }), await losses(3, { clampLen: -1 })));
  assertEquals(
    await losses(3, { clampLen: 2, compat: "head" }),
    await losses(3, { clampLen: -1, compat: "head" }),
  );
});

Deno.test("--compat head normalises no queries of types 2 and 3 with pre-norm", async () => {
  for (const attnType of [2, 3] as const) {
    const losses = async (preLnorm: boolean, compat: "none" | "head") => {
      using model = await modelWith(configOf(attnType, { preLnorm, compat }));
      using plan = await recorded(model, { tgtLen: T, memLen: 0 });
      return await plan.run(0, T);
    };
    assert(differ(await losses(true, "none"), await losses(true, "head")));
    assertEquals(await losses(false, "none"), await losses(false, "head"));
  }
});

Deno.test("--compat head adds positions to memory in place, in every step anew", async () => {
  const sinusoid = (distance: number, d: number) => {
    const angle = distance * Math.fround(1 / Math.fround(10_000 ** Math.fround(2 * (d % 4) / D)));
    return d < 4 ? Math.sin(angle) : Math.cos(angle);
  };
  for (const attnType of [2, 3] as const) {
    using none = await modelWith(configOf(attnType));
    using head = await modelWith(configOf(attnType, { compat: "head" }));
    const table = (await weightsByName(none)).get("r_emb");
    const position = (distance: number, d: number) =>
      table === undefined ? sinusoid(distance, d) : table[(R - 1 - distance) * D + d]!;
    using kept = await recorded(none, { tgtLen: T, memLen: M });
    using changed = await recorded(head, { tgtLen: T, memLen: M });
    for (const { run } of [kept, changed]) {
      for (const start of [0, T]) await run(start, T);
    }
    const [raw, got] = await Promise.all(
      [kept, changed].map(async ({ memory }) => await memory.readLayer(0)),
    );
    // M - T rows of the first segment have been read once more than those of the second.
    got!.forEach((value, i) => {
      const [row, d] = [Math.floor(i / (B * D)), i % D];
      const distance = M - 1 - row;
      const again = distance >= T ? position(distance - T, d) : 0;
      assertAlmostEquals(value, raw![i]! + position(distance, d) + again, 1e-7);
    });
    // The next step reads them as they are and adds another position.
    for (const l of [0, 1]) kept.memory.writeLayer(l, await changed.memory.readLayer(l));
    assertClose(await kept.run(2 * T, T), await changed.run(2 * T, T), `type ${attnType}`);
  }
});

Deno.test("--compat head refuses more keys than the tables of type 3 have rows, where the reference fails", async () => {
  using head = await modelWith(configOf(3, { compat: "head" }));
  using fits = await recorded(head, { tgtLen: T, memLen: M });
  await fits.run(0, T);
  const { need } = await assertRejects(
    () => recorded(head, { tgtLen: T, memLen: M + 1 }),
    ConfigError,
    "attention type 3 of --compat head with 11 rows of context: its tables have 10 rows",
  );
  assertEquals(need, "a shorter context, or tables of the papers");
});

Deno.test("dropout of the embedding takes the positions of type 2 with it", async () => {
  for (const compat of ["none", "head"] as const) {
    using model = await modelWith(configOf(2, { dropout: 0.5, compat }));
    const lengths = { batchSize: B, tgtLen: T, extLen: 0, memLen: M };
    using memory = new Memory(exact, model, lengths, "memory");
    const golden = { device: exact, model, store: model.store, [Symbol.dispose]: () => {} };
    // The reference remembers rows after dropout, and none before it.
    const size = (compat === "none" ? M + T : T) * B * D;
    using plan = await SegmentPlan.record(golden, lengths, memory, {
      differentiate: true,
      maskSizes: new Map([["word_emb", size]]),
    });
    const losses = async (keep: 0 | 1) => {
      memory.reset();
      const masks = new Map([["word_emb", new Uint32Array(size).fill(keep)]]);
      const targets = new Uint32Array(T * B).fill(3);
      return [...await plan.run({ ...segment(0, T), targets }, { masks })];
    };
    const nothing = await losses(0);
    assertClose(nothing, nothing.map(() => nothing[0]!), "all rows are equal");
    assert(differ(await losses(1), nothing));
  }
});
