/**
 * Inconsistent checkpoints: each is rejected in one line that names the file.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openCheckpoint, unverifiedLine } from "@transformer-xl/model";
import { CheckpointError } from "@transformer-xl/runtime";
import { settingsToContinue, trainingRecord } from "@transformer-xl/train";
import {
  assemble,
  change,
  CheckpointMutations,
  type Parts,
  withVocabulary,
} from "./checkpoint_mutations.ts";
import { baseCheckpoint, fuzzCheckpoints } from "./fuzz_checkpoints.ts";
import { Scratch } from "../support/small_run.ts";

const base = new CheckpointMutations(await baseCheckpoint(), () => 0);

type Json = Record<string, unknown>;

/** The base with another record of training. */
function training(edit: (config: Json, progress: Json) => void): Parts {
  const parts = base.parts();
  change(parts.metadata, "training", (text) => {
    const record = JSON.parse(JSON.parse(text));
    edit(record.config, record.progress);
    return JSON.stringify(JSON.stringify(record));
  });
  return parts;
}

/** The base with other fields of the model. */
function model(fields: Json): Parts {
  const parts = base.parts();
  change(parts.metadata, "model", (text) => {
    return JSON.stringify(JSON.stringify({ ...JSON.parse(JSON.parse(text)), ...fields }));
  });
  return parts;
}

function metadata(key: string, value: string): Parts {
  const parts = base.parts();
  change(parts.metadata, key, () => JSON.stringify(value));
  return parts;
}

/** The base with the first memory in another shape. */
function memory(edit: (shape: number[]) => number[]): Parts {
  const parts = base.parts();
  change(parts.tensors, "memory.0", (text) => {
    const entry = JSON.parse(text);
    return JSON.stringify({ ...entry, shape: edit(entry.shape) });
  });
  return parts;
}

/** The base with another second number in a tensor. */
function number(name: string, value: number): Parts {
  const parts = base.parts();
  const bytes = base.tensor(parts, name);
  new DataView(bytes.buffer, bytes.byteOffset).setFloat32(4, value, true);
  return parts;
}

function symbols(edit: (symbols: string[]) => void): Parts {
  return withVocabulary(base, (text) => {
    const record = JSON.parse(text);
    edit(record.symbols);
    return JSON.stringify(record);
  });
}

const deep = "[".repeat(200_000) + "]".repeat(200_000);
const CASES: readonly (readonly [what: string, parts: () => Parts, says: RegExp])[] = [
  ["a billion layers", () => model({ nLayer: 1e9 }), /"nLayer" is wrong \(Too big/],
  ["200 layers", () => model({ nLayer: 200 }), /nLayer is 200, but the file has only|layers\.2\./],
  ["one layer less", () => model({ nLayer: 1 }), /tensor "layers\.1\..*" does not belong/],
  ["a width of 10^8", () => model({ dEmbed: 1e8 }), /"dEmbed" is wrong \(Too big/],
  ["a width of 10^5", () => model({ dEmbed: 1e5 }), /emb_layers\.0\.weight" is F32 \[10,4\], its/],
  ["more heads", () => model({ nHead: 1e5 }), /"r_w_bias" is F32 \[1,4\], its model wants/],
  [
    "learned positions without a table",
    () => model({ attnType: 3 }),
    /"positionRows" is wrong \(must be above 0/,
  ],
  ["a table without a kind", () => model({ positionRows: 8 }), /"positionRows" is wrong \(must be/],
  [
    "another kind with a long table",
    () => model({ attnType: 1, positionRows: 3e6 }),
    /tensor "r_emb" is missing, its model wants F32 \[\d+,3000000,/,
  ],
  ["more words", () => model({ nToken: 2e9 }), /its model wants/],
  [
    "cut-offs above",
    () => model({ cutoffs: [10, 1000] }),
    /cutoffs are \[10,1000\], but must incr/,
  ],
  ["cut-offs unsorted", () => model({ cutoffs: [20, 10] }), /cutoffs are \[20,10\], but must incr/],
  [
    "a projection less",
    () => model({ tieProjs: [false] }),
    /tieProjs has 1 entries for 3 clusters/,
  ],
  [
    "a million cut-offs",
    () => model({ cutoffs: Array.from({ length: 1e6 }, (_, n) => n + 1) }),
    /metadata "model" has more than 100000 values/,
  ],
  ["a dropout that is no number", () => model({ dropout: "x" }), /"dropout" is wrong/],
  ["an unknown field", () => model({ "\u001b[2J\nHACK": 1 }), /Unrecognized key/],
  ["a model that is not JSON", () => metadata("model", "{"), /metadata "model" is not JSON/],
  ["a model that is deep", () => metadata("model", deep), /"model" is nested deeper than 8/],
  ["a record that is not JSON", () => metadata("training", "NaN"), /"training" is not JSON/],
  ["a record that is no record", () => metadata("training", "[]"), /training state, "" is wrong/],
  ["another format", () => metadata("format", "x".repeat(1e5)), /no checkpoint of this program/],
  [
    "a data set that is no text",
    () => training((c) => c.dataset = 7),
    /"config\.dataset" is wrong/,
  ],
  ["a path that is no text", () => training((c) => c.data = { a: 1 }), /"config\.data" is wrong/],
  ["an epoch of 10^15", () => training((_, p) => p.epoch = 1e15), /"progress\.epoch" is wrong/],
  ["more epochs than steps", () => training((_, p) => p.epoch = 9), /the epoch is 9 after 7 steps/],
  [
    "memory above its length",
    () => training((_, p) => p.filled = 1e9),
    /1000000000 rows of memory/,
  ],
  ["memory of fewer rows", () => training((_, p) => p.filled = 3), /"memory\.0" is F32 \[8,4,4\]/],
  [
    "a negative start",
    () => training((_, p) => p.lastStart = -1000),
    /starts at row -1000, not at/,
  ],
  ["a start off the grid", () => training((_, p) => p.lastStart = 3), /starts at row 3, not at/],
  ["no memory", () => memory(() => [0]), /tensor "memory\.0" has \d+ bytes, F32 \[0\] wants 0/],
  [
    "memory reshaped",
    () => memory(([a, b, c]) => [a!, b! * c!, 1]),
    /"memory\.0" is F32 \[8,16,1\]/,
  ],
  [
    "a vocabulary that is not JSON",
    () => withVocabulary(base, () => "{"),
    /vocabulary is not JSON/,
  ],
  ["more symbols", () => symbols((s) => s.push("new")), /vocabulary has \d+ symbols, its model/],
  ["fewer symbols", () => symbols((s) => s.pop()), /vocabulary has \d+ symbols, its model/],
  ["a symbol twice", () => symbols((s) => s[3] = s[4]!), /vocabulary is wrong: .*occurs twice/],
  [
    "a weight that is NaN",
    () => number("layers.0.dec_attn.qkv_net.weight", NaN),
    /"layers\.0\.dec_attn\.qkv_net\.weight" holds numbers that are not finite/,
  ],
  ["an infinite moment", () => number("optimizer.v/r_w_bias", Infinity), /are not finite/],
  [
    "a negative second moment",
    () => number("optimizer.v/r_w_bias", -1e-9),
    /"optimizer\.v\/r_w_bias" of squares holds negative numbers/,
  ],
  [
    "a negative best loss",
    () => training((_, p) => p.bestLossNats = -1),
    /"progress\.bestLossNats"/,
  ],
  [
    "a negative rate",
    () => training((_, p) => p.plateau = { rate: -5, best: null, waited: 0 }),
    /"progress\.plateau\.rate" is wrong/,
  ],
  ["a step of 2^52", () => training((_, p) => p.step = 2 ** 52), /"progress\.step" is wrong/],
  ["a clamp below all", () => model({ clampLen: -7 }), /"clampLen" is wrong/],
  ["no deviation", () => model({ initStd: 0 }), /"initStd" is wrong/],
  [
    "no moments",
    () => {
      const parts = base.parts();
      const gone = parts.tensors.find(([name]) => name.startsWith("optimizer.m/"))!;
      gone[0] = "optimizer.other";
      return parts;
    },
    /"optimizer\.m\/.*" is missing/,
  ],
];

Deno.test("a checkpoint that contradicts itself is refused in one line that names it", async (t) => {
  await using scratch = new Scratch();
  const path = scratch.at("hostile.safetensors");
  for (const [what, parts, says] of CASES) {
    await t.step(what, async () => {
      await Deno.writeFile(path, assemble(parts(), "recomputed"));
      const start = performance.now();
      const { message } = await assertRejects(async () => {
        using checkpoint = await openCheckpoint(path);
        trainingRecord(checkpoint);
      }, CheckpointError);
      assertMatch(message, says);
      assert(message.includes(path), message);
      assertMatch(message, /^\P{Cc}{1,399}$/u);
      assert(performance.now() - start < 2000, "it took too long");
    });
  }
});

Deno.test("a checkpoint without a checksum opens with a line that says so, one with a wrong one never", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("run.safetensors");
  await Deno.writeFile(path, assemble(base.parts(), "none"));
  {
    using checkpoint = await openCheckpoint(path);
    assertMatch(unverifiedLine(checkpoint)!, /^Not verified: ".*run\.safetensors" has no checksum/);
    assertEquals(trainingRecord(checkpoint).progress.step, 7);
  }
  await Deno.writeFile(path, assemble(base.parts(), "recomputed"));
  {
    using checkpoint = await openCheckpoint(path);
    assertEquals(unverifiedLine(checkpoint), undefined);
  }
  await Deno.writeFile(path, assemble(base.parts(), "broken"));
  await assertRejects(() => openCheckpoint(path), CheckpointError, "was damaged or changed");
});

Deno.test("a checkpoint decides model and schedule, not where and whether a run writes", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("run.safetensors");
  const hostile = training((config) => {
    const elsewhere = { debug: true, workDir: "/elsewhere", configFile: "/x.json", dryRun: true };
    Object.assign(config, elsewhere, { overwrite: true, restart: "/y", lr: 0.25 });
  });
  await Deno.writeFile(path, assemble(hostile, "recomputed"));
  using checkpoint = await openCheckpoint(path);
  const settings: Json = settingsToContinue(trainingRecord(checkpoint));
  for (const key of ["debug", "workDir", "configFile", "dryRun", "overwrite", "restart"]) {
    assert(!(key in settings), key);
  }
  assertEquals([settings["lr"], settings["nLayer"]], [0.25, 2]);
});

Deno.test("a checkpoint from before the momentum and the kind of attention were stored opens as it was", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("old.safetensors");
  const old = training((config) => delete config["mom"]);
  change(old.metadata, "model", (text) => {
    const { attnType, ...fields } = JSON.parse(JSON.parse(text));
    assertEquals(attnType, 0);
    return JSON.stringify(JSON.stringify(fields));
  });
  await Deno.writeFile(path, assemble(old, "recomputed"));
  using checkpoint = await openCheckpoint(path);
  assertEquals(trainingRecord(checkpoint).config.mom, null);
  assertEquals(checkpoint.config.attnType, 0);
});

Deno.test("200 mutated checkpoints are refused in one line or agree with themselves", async () => {
  await fuzzCheckpoints({ count: 200, seed: 1 });
});
