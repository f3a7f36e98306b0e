/**
 * `deno task export --onnx` and `deno task eval --type onnx`, from flags to results.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { checkOnnx, evalSchema, OnnxRuntime, onnxSettings } from "@transformer-xl/eval";
import { openCheckpoint, readOnnxFacts, trainedRecord } from "@transformer-xl/model";
import { ConfigError, DeviceError, OnnxFile, parseFlags } from "@transformer-xl/runtime";
import { exportCheckpoint } from "@transformer-xl/train";
import { evaluateText, refusalOf } from "../../support/evaluation/scored_model.ts";
import { savedModel, SYMBOLS } from "../../support/model/onnx_model.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import { type Flags, words } from "../../support/program.ts";
import { Scratch, seededRandom } from "../../support/small_run.ts";

/** Exports with flags; returns the printed lines. */
async function exported(flags: Flags): Promise<string[]> {
  const lines: string[] = [];
  assertEquals(await exportCheckpoint(words(flags), (line) => lines.push(line)), 0);
  return lines;
}

/** The line of a result. */
function lossLine(output: string): string {
  return /^\| file loss .*$/m.exec(output)?.[0] ?? output;
}

Deno.test("eval --type onnx needs the file and the text, and prints the loss of the checkpoint", async () => {
  await using scratch = new Scratch();
  const random = seededRandom(7);
  const letters = Array.from({ length: 400 }, () => SYMBOLS[Math.floor(random() * 30)]!);
  const data = await scratch.text("text.txt", letters.join(""));
  const model = await savedModel(scratch.path, { attnType: 1, positionRows: 24 });
  const onnx = scratch.at("model.onnx");
  const lengths = { tgt_len: 8, mem_len: 16 };
  const lines = await exported({ model, onnx, ...lengths, onnx_outputs: "both" });
  assertMatch(lines[1]!, /, ONNX in float32, both, tgt_len 8 ext_len 0 mem_len 16$/);
  const flags = { data, split: "file", debug: true, batch_size: 4 } as const;
  const want = await evaluateText({ ...flags, model, ...lengths });
  const got = await evaluateText({ ...flags, model: onnx, type: "onnx", per_token: true });
  assertEquals(lossLine(got), lossLine(want));
  assertMatch(got, /^runtime: ONNX Runtime Web [\d.]+, wasm$/m);
  assertMatch(got, /type onnx bsz 4 tgt_len 8 ext_len 0 mem_len 16 /);
  assertMatch(got, /\| log p +-\d+\.\d+ \| rank +\d+ \| bits/);
});

Deno.test("a file that is damaged, of another program or of another task is one sentence", async () => {
  await using scratch = new Scratch();
  const model = await savedModel(scratch.path, {});
  const onnx = scratch.at("model.onnx");
  await exported({ model, onnx, tgt_len: 8, mem_len: 8 });
  const bytes = await Deno.readFile(onnx);
  const damaged = bytes.slice().fill(0, 4000, 4400);
  await Deno.writeFile(scratch.at("damaged.onnx"), damaged);
  const flags = { type: "onnx", manual: "abc", debug: true } as const;
  assertMatch(
    await refusalOf({ ...flags, model: scratch.at("damaged.onnx") }),
    /^error: Cannot use ONNX file .*: ONNX Runtime rejects it \(.*\); write one with deno task export/,
  );
  const refused = (path: string, sentence: string) =>
    assertRejects(
      async () => {
        using file = await OnnxFile.open(path);
        await readOnnxFacts(file);
      },
      Error,
      sentence,
    );
  await refused(model, "damaged or not an ONNX model");
  await refused(scratch.at("none.onnx"), "there is no such file");
  await Deno.writeFile(scratch.at("cut.onnx"), bytes.subarray(0, bytes.length / 2));
  await refused(scratch.at("cut.onnx"), "a field ends beyond it");
  const name = new TextEncoder().encode("transformer-xl-onnx");
  const place = bytes.findIndex((_, at) => name.every((byte, i) => bytes[at + i] === byte));
  bytes[place]! += 1;
  await Deno.writeFile(scratch.at("other.onnx"), bytes);
  await refused(scratch.at("other.onnx"), "it is no export of this program");
  await assertRejects(
    () => exported({ model: onnx, onnx: scratch.at("again.onnx") }),
    Error,
    "it is an ONNX model; score it with deno task eval --type onnx",
  );
});

Deno.test("the flags of an evaluation agree with the file, or are refused", async () => {
  await using scratch = new Scratch();
  const model = await savedModel(scratch.path, {});
  const onnx = scratch.at("model.onnx");
  await exported({ model, onnx, tgt_len: 8, mem_len: 16, clamp_len: 4 });
  using file = await OnnxFile.open(onnx);
  const facts = await readOnnxFacts(file);
  assertEquals(facts.config.clampLen, 4);
  const settings = (flags: Flags) => {
    const { config, origin } = parseFlags(evalSchema, words({ type: "onnx", ...flags }));
    checkOnnx(config);
    return onnxSettings(config, origin, facts, "model.onnx");
  };
  const { tgtLen, extLen, memLen, cache, fp16 } = settings({
    model: onnx,
    tgt_len: 3,
    clamp_len: 4,
  });
  assertEquals([tgtLen, extLen, memLen, cache, fp16], [3, 0, 16, "hidden", false]);
  const refused = (flags: Flags, sentence: string) =>
    assertThrows(() => settings({ model: onnx, ...flags }), ConfigError, sentence);
  const again = (flag: string) => `leave it out, or export again with ${flag}`;
  refused({ mem_len: 8 }, `with --mem_len 8: it was exported with 16; ${again("--mem_len 8")}`);
  refused({ tgt_len: 9 }, `with --tgt_len 9: it was exported with 8; ${again("--tgt_len 9")}`);
  refused({ ext_len: 1 }, `it was exported with 0; ${again("--ext_len 1")}`);
  refused({ clamp_len: 5 }, again("--clamp_len 5"));
  refused(
    { same_length: true },
    `it was exported with --no_same_length; ${again("--same_length")}`,
  );
  refused({ compat: "head" }, `it was exported with none; ${again("--compat head")}`);
  refused({ fp16: true }, `with --fp16: it was exported with float32; ${again("--fp16")}`);
  refused({ per_token: true }, "export again with --onnx_outputs log_probabilities");
  refused({ cache: "keys" }, "it was exported with hidden states as its memory; leave it out");
  refused({ manual_config: "{}" }, "Cannot score --manual_config with --type onnx");
  assertThrows(() => settings({}), ConfigError, "no ONNX file is given; write one with deno task");
  assertThrows(() => settings({ onnx_provider: "cuda" }), ConfigError, "want one of wasm, webgpu");
});

Deno.test("an export names its settings wrongly in one sentence, and those without effect", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { attnType: 3, compat: "head" });
  const onnx = scratch.at("model.onnx");
  const refused = (flags: Flags, sentence: string) =>
    assertRejects(() => exported({ model, onnx, ...flags }), Error, sentence);
  await refused({ onnx_outputs: "words" }, "want one of losses, log_probabilities, both");
  await refused({ tgt_len: 0 }, "--tgt_len");
  await refused({ tgt_len: 64, mem_len: 64 }, "its tables have 16 rows; use --compat none, or");
  assertEquals([...Deno.readDirSync(scratch.path)].length, 1);
  const lines = await exported({ model, safetensors: scratch.at("model"), mem_len: 4 });
  assert(lines.includes("warning: --mem_len has no effect without --onnx"), lines.join("\n"));
  await exported({ model, onnx, tgt_len: 8, mem_len: 8 });
  using file = await OnnxFile.open(onnx);
  using checkpoint = await openCheckpoint(model);
  const { vocabulary, trained, config } = await readOnnxFacts(file);
  assertEquals(config, checkpoint.config);
  assertEquals(vocabulary.toJSON(), checkpoint.vocabulary.toJSON());
  assertEquals(trained, trainedRecord(checkpoint));
});

Deno.test("a missing package of ONNX Runtime is one sentence", async () => {
  const load = () => OnnxRuntime.load("wasm", { specifier: "npm:onnxruntime-web@0.0.1-none" });
  await assertRejects(load, DeviceError, "Cannot load ONNX Runtime Web: ");
});

Deno.test({
  name: "ONNX Runtime without permission to start a program is one sentence",
  permissions: { run: false, read: "inherit", env: "inherit", sys: "inherit" },
  async fn() {
    const notice = () => assert(false, "nothing is downloaded");
    const load = () => OnnxRuntime.load("wasm", { notice });
    await assertRejects(load, DeviceError, "Cannot load ONNX Runtime Web: Requires run access to");
  },
});
