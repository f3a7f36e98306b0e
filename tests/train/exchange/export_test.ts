/**
 * `deno task export`: the files it writes, and what it refuses.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  loadModel,
  type ModelCheckpoint,
  openCheckpoint,
  saveModel,
  trainedFacts,
  weightNames,
} from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { exportSchema, trainingRecord } from "@transformer-xl/train";
import { exported, lossOf } from "../../support/exchange/exported.ts";
import { nth, withFullDisk } from "../../support/processes/full_disk.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import type { Flags } from "../../support/program.ts";
import { Scratch } from "../../support/small_run.ts";

Deno.test("weights alone are a third of a checkpoint, give the same loss, and do not resume", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { data: "/home/me/text.txt", memLen: 12 });
  const [full, half] = [scratch.at("full.safetensors"), scratch.at("half.safetensors")];
  const lines = await exported({ work_dir: scratch.path, safetensors: full });
  assertEquals(lines[0], `checkpoint : "${model}"`);
  assertMatch(lines[1]!, /^No checkpoint_best.safetensors in ".*": exporting checkpoint_last/);
  assertMatch(lines[2]!, /^written +: ".*full.safetensors", [\d.]+ KiB, weights in float32, conf/);
  await exported({ model, safetensors: half, fp16: true });

  using before = await openCheckpoint(model);
  using after = await openCheckpoint(full);
  using halves = await openCheckpoint(half);
  assertEquals(after.config, before.config);
  assertEquals(after.vocabulary.toJSON(), before.vocabulary.toJSON());
  const facts = { dataset: "text", data: null, tgtLen: 8, extLen: 0, memLen: 12 } as const;
  assertEquals([after.training, trainedFacts(after), trainedFacts(halves)], [null, facts, facts]);
  assertEquals([after.verified, halves.verified], [true, true]);
  const bytes = ({ file }: ModelCheckpoint) =>
    file.names.filter((name) => !/^vocabulary|^memory/.test(name))
      .reduce((sum, name) => sum + file.byteLength(name), 0);
  assertEquals([bytes(before), bytes(halves)], [3 * bytes(after), bytes(after) / 2]);
  for (const name of weightNames(after.file)) {
    const values = await before.file.tensor(name, "F32");
    assertEquals(await after.file.tensor(name, "F32"), values);
    assertEquals(await halves.file.tensor(name, "F16"), new Float16Array(values));
  }
  assertEquals(await lossOf(full), await lossOf(model));
  assert(Math.abs(await lossOf(half) - await lossOf(model)) < 1e-3);
  assert(await lossOf(half) !== await lossOf(model));
  assertThrows(() => trainingRecord(after), Error, "weights and symbols, but no state of training");
});

Deno.test("a weight beyond half precision is refused, and nothing is left", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("large.safetensors");
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await loadModel(device, await trainedCheckpoint(scratch.path));
  device.write(model.store.buffers[0]!.weights, 0, Float32Array.of(7e4));
  await saveModel(path, model, model.vocabulary);
  const before = [...Deno.readDirSync(scratch.path)].map(({ name }) => name).sort();
  await assertRejects(
    () => exported({ model: path, fp16: true, safetensors: scratch.at("half.safetensors") }),
    Error,
    "holds numbers beyond 65504, the largest of half precision; leave --fp16 out",
  );
  assertEquals([...Deno.readDirSync(scratch.path)].map(({ name }) => name).sort(), before);
});

Deno.test("biases of every layer's own are written in the plain layout alone", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { untieR: true });
  await assertRejects(
    () => exported({ model, pt: scratch.at("a.pt"), pt_layout: "nvidia" }),
    Error,
    "every layer of the model has biases of its own, and theirs share them; use --pt_layout plain",
  );
  const lines = await exported({ model, pt: scratch.at("a.pt") });
  assertMatch(
    lines.at(-1)!,
    /its layers have biases of their own, which NVIDIA's model cannot load/,
  );
});

Deno.test("a full disk in the middle of an export leaves the old file alone", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path);
  for (const flag of ["safetensors", "pt"]) {
    const path = await scratch.text(`old.${flag}`, "mine");
    await withFullDisk(nth(3), () =>
      assertRejects(
        () => exported({ model, [flag]: path, overwrite: true }),
        Error,
        `Cannot write checkpoint "${path}": No space left on device (os error 28); the file of that`,
      ));
    assertEquals(await Deno.readTextFile(path), "mine");
  }
  assertEquals([...Deno.readDirSync(scratch.path)].filter(({ name }) => /tmp$/.test(name)), []);
});

Deno.test("an export that cannot be written is one sentence, and changes no file", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path);
  const old = await scratch.text("old.safetensors", "mine");
  await Deno.symlink(model, scratch.at("link.safetensors"));
  const refused = (flags: Flags, sentence: string) =>
    assertRejects(() => exported({ model, ...flags }), Error, sentence);
  await refused({}, "no file to write is given; give --safetensors FILE or --pt FILE");
  await refused({ pt_layout: "nvidia", safetensors: scratch.at("a") }, "give --pt FILE");
  await refused(
    { pt: scratch.at("a"), safetensors: scratch.at("./a") },
    "the file of --safetensors",
  );
  await refused({ pt: scratch.at("a"), pt_layout: "tf" }, "Cannot parse --pt_layout");
  await refused({ safetensors: old }, "it exists; give another name, or --overwrite");
  const own = "it is the checkpoint that is read; give another name";
  await refused({ safetensors: model, overwrite: true }, own);
  await refused({ safetensors: scratch.at("link.safetensors"), overwrite: true }, own);
  await refused({ safetensors: scratch.path, overwrite: true }, "it is a folder");
  await refused({ safetensors: "/dev/null", overwrite: true }, "it is a pipe or device");
  await Deno.symlink(scratch.path, scratch.at("here"));
  await refused(
    { pt: scratch.at("here/a"), safetensors: scratch.at("a") },
    "the file of --safetensors too",
  );
  await refused({ safetensors: scratch.at("no/x.safetensors") }, "there is no folder");
  await refused({ safetensors: "/dev/full/x" }, "there is no folder");
  await refused({ model: old, safetensors: scratch.at("new") }, "Cannot read checkpoint");
  await refused({ wide: 3 }, "Cannot parse --wide: there is no such flag");
  await refused({ safetensor: "x", fp17: true }, "--fp17");
  await assertRejects(
    () => exported({ work_dir: scratch.at("none"), safetensors: scratch.at("new") }),
    Error,
    "it holds neither checkpoint_best.safetensors nor checkpoint_last.safetensors",
  );
  assertEquals(await Deno.readTextFile(old), "mine");
  const lines = await exported({ model, safetensors: old, overwrite: true });
  assertMatch(lines.at(-1)!, /^written/);
  assertEquals(await lossOf(old), await lossOf(model));
});

Deno.test("the help of deno task export names every flag", async () => {
  const [help = ""] = await exported({ help: true });
  assertMatch(help, /^Usage: deno task export \[flags\]/);
  for (const key of Object.keys(exportSchema.shape)) {
    const flag = `--${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    assert(help.includes(flag), `${flag} is not in ${help}`);
  }
});
