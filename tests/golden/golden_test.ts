/**
 * The numbers of the PyTorch reference, on the adapter and on the float64 reference executor, and
 * the runner itself.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  DataError,
  type Device,
  encodeSafetensors,
  ReferenceDevice,
  SafetensorsFile,
} from "@transformer-xl/runtime";
import { checkCase, needsDevice } from "./runner/check_case.ts";
import { caseSchema } from "./runner/case_schema.ts";
import { errorTable } from "./runner/error_table.ts";
import { Findings } from "./runner/findings.ts";
import { GoldenCase, UnsupportedCase } from "./runner/golden_case.ts";
import { main } from "./main.ts";
import { called } from "../support/processes/called_program.ts";
import { trajectoryLimits } from "./runner/trajectory_limits.ts";
import { generatedWeights } from "./runner/weight_generator.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const FOLDER = new URL("./cases/", import.meta.url).pathname;
const CASES = [
  ...[
    "F1",
    "F2",
    "F3",
    "F4",
    "F5",
    "F6",
    "F7",
    "F8",
    "F8-2019",
    "F9",
    "F9-empty",
    "F10",
    "F11",
    "F12",
  ],
  ...["mem0", "mem0-pre", "mem5", "mem5-pre", "clamp"].map((name) => `F14-type1-${name}`),
  ...["mem0", "mem0-pre", "mem5", "mem5-pre"].map((name) => `F14-type2-${name}`),
  ...["mem0", "mem0-pre"].map((name) => `F14-type3-${name}`),
  ...["F13a", "F13b", "F15", "F16", "F17", "D1", "G1", "G2", "O1", "O1-wd", "O2-2019", "O3-adam"],
  ...["O3-adamw", "O3-sgd", "O3-sgd-mom", "O3-sgd-wd"],
  ...["O3-adagrad", "O3-adagrad-wd", "O5-muon", "O6-sparse-adam", "O6-sparse-sgd"],
  ...["O4", "O4-short", "O4-dev-perf", "T1", "T1-adam", "T3-2019", "I1", "V1", "E1", "E2"],
];
const WITHOUT_DEVICE = new Set(["O4", "O4-short", "O4-dev-perf", "I1", "V1", "E2"]);

/**
 * Segments that plain loops run: 12 of F17 take half a minute, and the adapter has all of them. The
 * second has a memory.
 */
const LOOP_SEGMENTS: Readonly<Record<string, number>> = { F17: 2 };

const reference = () => new ReferenceDevice({ precision: "f64" });

for (const id of CASES) {
  if (WITHOUT_DEVICE.has(id)) {
    Deno.test(`${id} equals the PyTorch reference`, () => expectPasses(id, undefined));
    continue;
  }
  gpuTest(`${id} equals the PyTorch reference on the adapter`, async () => {
    await expectPasses(id, await openTestGpu());
  });
  Deno.test(`${id} equals the PyTorch reference in float64`, async () => {
    using device = reference();
    await expectPasses(id, device, LOOP_SEGMENTS[id]);
  });
}

async function expectPasses(
  id: string,
  device: Device | undefined,
  maxSegments?: number,
): Promise<void> {
  using golden = await GoldenCase.open(`${FOLDER}${id}`);
  assertEquals(needsDevice(golden), device !== undefined);
  const findings = await checkCase(golden, device, { maxSegments });
  assert(findings.passed, `${id}\n${findings.lines().join("\n")}`);
}

Deno.test("generated weights equal the stored ones bit by bit", async () => {
  for (const id of ["F1", "F11", "F13b"]) {
    using golden = await GoldenCase.open(`${FOLDER}${id}`);
    const record = golden.record;
    assert(record.kind === "forward");
    for (const name of golden.under("p/")) {
      const want = await golden.floats(`p/${name}`);
      assertEquals(generatedWeights(name, want.length, record.seed, record.init!), want);
    }
  }
});

type Tensors = Map<string, { shape: readonly number[]; values: Float64Array | Int32Array }>;
type CaseJson = Record<string, unknown> & { config: Record<string, unknown> };

const copies: string[] = [];
globalThis.addEventListener("unload", () => {
  for (const folder of copies) Deno.removeSync(folder, { recursive: true });
});

/** A copy of a case in a temporary folder, changed. */
async function changedCase(
  id: string,
  change: (record: CaseJson, tensors: Tensors) => void,
): Promise<string> {
  const folder = await Deno.makeTempDir();
  copies.push(folder);
  const record = JSON.parse(await Deno.readTextFile(`${FOLDER}${id}/case.json`)) as CaseJson;
  const tensors: Tensors = new Map();
  using file = await SafetensorsFile.open(`${FOLDER}${id}/tensors.safetensors`);
  for (const name of file.names) {
    const values = await file.tensor(name);
    tensors.set(name, {
      shape: file.shape(name),
      values: values instanceof Int32Array ? values : Float64Array.from(values as Float32Array),
    });
  }
  change(record, tensors);
  await Deno.writeTextFile(`${folder}/case.json`, JSON.stringify(record));
  const entries = [...tensors].map(([name, { shape, values }]) => ({
    name,
    dtype: values instanceof Int32Array ? "I32" as const : "F64" as const,
    shape,
    values,
  }));
  await Deno.writeFile(
    `${folder}/tensors.safetensors`,
    ReadableStream.from(encodeSafetensors(entries as Parameters<typeof encodeSafetensors>[0])),
  );
  return folder;
}

async function check(folder: string): Promise<Findings> {
  using device = reference();
  using golden = await GoldenCase.open(folder);
  return await checkCase(golden, needsDevice(golden) ? device : undefined);
}

Deno.test("the runner fails a case in which one stored number is wrong", async () => {
  for (const [name, kind] of [["s0/out/nll", "nll"], ["s0/out/new_mems", "memory"]]) {
    const folder = await changedCase("F1", (_, tensors) => {
      const { values } = tensors.get(name!)!;
      values[3]! += 1e-6;
    });
    const findings = await check(folder);
    assertEquals(findings.passed, false);
    assertEquals(findings.failures.length, 1);
    assertMatch(findings.failures[0]!, new RegExp(`^ *${kind} `));
  }
});

Deno.test("the runner takes generated weights where a case stores none", async () => {
  const folder = await changedCase("F9", (_, tensors) => {
    for (const name of tensors.keys()) if (name.startsWith("p/")) tensors.delete(name);
  });
  assert((await check(folder)).passed);
});

Deno.test("the runner refuses what the product does not do, and says what", async () => {
  const changes: [string, (record: CaseJson) => void, string][] = [
    ["T1", (record) => record["semantics"] = "2019", 'roll with semantics "2019"'],
    ["O3-adam", (record) => record.config["name"] = "rprop", 'optimizer "rprop"'],
    ["O1", (record) => record.config["compat"] = 2018, "compat 2018"],
  ];
  for (const [id, change, message] of changes) {
    const folder = await changedCase(id, change);
    await assertRejects(() => check(folder), UnsupportedCase, message);
  }
});

Deno.test("the runner names what is wrong with a folder", async () => {
  await assertRejects(() => GoldenCase.open("/no/such/folder"), DataError, "case.json");
  const changes: [(record: CaseJson, tensors: Tensors) => void, string][] = [
    [(record) => record["kind"] = "riddle", "kind"],
    [(record) => record.config["n_layers"] = 3, "n_layers"],
    [(record) => delete record.config["d_model"], "d_model"],
    [(_, tensors) => tensors.delete("s0/out/nll"), '"s0/out/nll" is missing'],
    [(_, tensors) => tensors.get("s0/in/data")!.values[0] = 50, "it holds 50"],
    [(_, tensors) => {
      tensors.set("p/r_bias", { shape: [1], values: Float64Array.of(0) });
    }, "no such parameter"],
    [(_, tensors) => {
      tensors.set("s0/act/mask", { shape: [1], values: Float64Array.of(0) });
    }, '"s0/act/mask"'],
    [(record) => record["segments"] = [], "0 segments"],
  ];
  for (const [change, message] of changes) {
    const folder = await changedCase("F1", change);
    await assertRejects(() => check(folder), DataError, message);
  }
});

Deno.test("a trajectory without text asks for its corpus", async () => {
  const folder = await changedCase("T1", (_, tensors) => {
    tensors.delete("in/train");
    tensors.delete("in/valid");
  });
  await assertRejects(() => check(folder), DataError, "--data");
});

Deno.test("findings keep the worst error of every kind in units of its limit", () => {
  const findings = new Findings();
  findings.compare("nll", "first", [1, 2.002], [1, 2], 1e-2);
  findings.compare("nll", "second", [1], [1.0005], 1e-3);
  findings.compare("nll", "third", [0], [0], 1e-3);
  findings.compareExactly("ids", "all", [1, 2], [1, 2]);
  assertEquals(findings.passed, true);
  assertMatch(findings.lines()[0]!, /^ {2}nll .* worst 5\.00e-4 .* 3 compared .* at second$/);
  findings.compare("nll", "nan", [NaN], [1], 1e-3);
  findings.compareExactly("ids", "short", [1], [1, 2]);
  assertEquals(findings.failures.length, 2);
  assertEquals(new Findings().passed, false, "nothing compared is nothing shown");
});

async function runCli(...words: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await called(() => main(words));
  return { code, text: `${stdout}\n${stderr}` };
}

Deno.test("deno task golden prints every kind and exits 1 when a folder did not pass", async () => {
  const good = await runCli("--device", "cpu", `${FOLDER}F1`, `${FOLDER}V1`);
  assertEquals(good.code, 0, good.text);
  for (const kind of ["nll", "loss", "memory", "gradient", "symbols"]) {
    assertMatch(good.text, new RegExp(`^ {2}${kind} `, "m"));
  }
  assertMatch(good.text, /2 of 2 folders passed/);
  const unsupported = await changedCase("T1", (record) => record["semantics"] = "2019");
  const bad = await runCli("--device", "cpu", unsupported, `${FOLDER}V1`);
  assertEquals(bad.code, 1, bad.text);
  assertMatch(bad.text, /not passed: unsupported: roll with semantics "2019"/);
  assertMatch(bad.text, /1 of 2 folders passed/);
  assertEquals((await runCli()).code, 2);
  assertEquals((await runCli("--divice", "cpu", FOLDER)).code, 2);
});

Deno.test("the table of errors shows the error nearest its limit per device", () => {
  const first = new Findings();
  first.compare("nll", "all", [1], [1 + 1e-9], 1e-6);
  first.compare("memory", "all", [1], [1 + 1e-8], 1e-7);
  first.compare("later memory", "all", [1], [2], Infinity);
  const second = new Findings();
  second.compareExactly("ids", "all", [1], [1]);
  const table = errorTable([
    { id: "A", kind: "forward", byDevice: new Map([["gpu", first], ["cpu", second]]) },
    { id: "B", kind: "vocabulary", byDevice: new Map([["", second]]) },
  ]).split("\n");
  assertEquals(table[0], "| case | kind | gpu | cpu |");
  assertMatch(table[2]!, /^\| A \| forward \| memory 1e-8 of 1e-7 \| exact \|$/);
  assertEquals(table[3], "| B | vocabulary | exact | exact |");
});

Deno.test("a float32 trajectory is strict until it is chaotic", () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const run = caseSchema.parse({
    id: "T",
    kind: "trajectory",
    precision: "float32",
    config: {
      n_token: 9,
      n_layer: 1,
      n_head: 1,
      d_model: 2,
      d_head: 1,
      d_inner: 1,
      tgt_len: 1,
      mem_len: 1,
    },
    optimizer: { name: "lamb", lr: 0.01 },
    training: {
      ...{ batch_size: 1, eval_batch_size: 1, eval_tgt_len: 1, max_step: 9, warmup_step: 0 },
      ...{ eta_min: 0, clip: 1, eval_interval: 9 },
    },
    ...{ loss: [], lr_used: [], lr_printed: [], valid: [] },
    spread: { loss_to_step_50: 1e-6, loss_to_step_150: 1e-4, valid: { "100": 2e-4, "200": 0.5 } },
  });
  assert(run.kind === "trajectory");
  const { loss, validation } = trajectoryLimits(device, run, { fp16: false });
  assertEquals([50, 51, 130, 131].map(loss), [1e-4, 3 * 1e-4, 3 * 1e-4, 0.01]);
  assertEquals([100, 200].map(validation), [3 * 2e-4, 0.01]);
});
