/**
 * State dicts of `deno task export` in the layouts of other programs, imported again.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
import { TorchFile } from "@transformer-xl/runtime";
import { exported, lossOf } from "../../support/exchange/exported.ts";
import { imported } from "../../support/exchange/imported.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import type { Flags } from "../../support/program.ts";
import { Scratch } from "../../support/small_run.ts";

const WIDE = { compat: "2019", initStd: 0.3, dModel: 6 } as const;

/** Settings of a model, and what a bare state dict does not tell. */
const MODELS = {
  clusters: [{}, {}],
  "one width": [{ divVal: 1, dEmbed: 4, notTied: true }, { cutoffs: [10, 20] }],
  "layer norm first": [{ preLnorm: true, sameLength: true, clampLen: 5 }, {}],
} as const;

for (const [kind, [settings, flags]] of Object.entries(MODELS)) {
  for (const layout of ["authors", "huggingface"] as const) {
    Deno.test(`${kind} in the ${layout} layout come back as they were`, async () => {
      await using scratch = new Scratch();
      const model = await trainedCheckpoint(scratch.path, { ...WIDE, ...settings });
      using before = await openCheckpoint(model);
      const { config, vocabulary } = before;
      const vocab_file = await scratch.text("words.txt", `${vocabulary.symbols.join("\n")}\n`);
      await Deno.mkdir(scratch.at("hf"));
      const pt = scratch.at("hf/pytorch_model.bin");
      const notes = await exported({ model, pt, pt_layout: layout });
      assertMatch(notes.at(-1)!, /it holds no vocabulary$/);
      const stated: Flags = layout === "huggingface" ? {} : {
        ...flags,
        ...{ [config.preLnorm ? "pre_lnorm" : "no_pre_lnorm"]: true, clamp_len: config.clampLen },
        ...{ [config.sameLength ? "same_length" : "no_same_length"]: true },
      };
      await imported(pt, { work_dir: scratch.at("again"), vocab_file, ...stated });
      const again = scratch.at("again/checkpoint_best.safetensors");
      using after = await openCheckpoint(again);
      for (const name of after.file.names.filter((name) => name !== "vocabulary")) {
        assertEquals(await after.file.tensor(name), await before.file.tensor(name), name);
      }
      const { dropout: _, dropatt: _1, ...same } = config;
      assertEquals({ ...after.config, dropout: 0, dropatt: 0 }, {
        ...{ ...same, dropout: 0, dropatt: 0 },
        ...{ initStd: after.config.initStd, compat: after.config.compat },
      });
      assertEquals(await lossOf(again), await lossOf(model));
    });
  }
}

Deno.test("biases of every layer's own come back from Hugging Face's layout", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { ...WIDE, untieR: true });
  using before = await openCheckpoint(model);
  const vocab_file = await scratch.text("words.txt", before.vocabulary.symbols.join("\n"));
  const pt = scratch.at("pytorch_model.bin");
  await exported({ model, pt, pt_layout: "huggingface" });
  await imported(pt, { work_dir: scratch.at("again"), vocab_file });
  const again = scratch.at("again/checkpoint_best.safetensors");
  using after = await openCheckpoint(again);
  assert(after.config.untieR);
  assertEquals(await lossOf(again), await lossOf(model));
  await assertRejects(
    () => exported({ model, pt: scratch.at("a.pt"), pt_layout: "authors" }),
    Error,
    "for the authors' programs: every layer of the model has biases of its own",
  );
});

Deno.test("a mask that the programs of a layout do not have is told", async () => {
  await using scratch = new Scratch();
  const note = /same_length: .* see one key (?:more|fewer) and give other losses$/;
  for (const [compat, told] of [["none", "authors"], ["2019", "nvidia"]] as const) {
    const model = await trainedCheckpoint(scratch.path, { compat, sameLength: true });
    for (const layout of ["authors", "nvidia"]) {
      const lines = await exported({
        model,
        pt: scratch.at("a.pt"),
        pt_layout: layout,
        overwrite: true,
      });
      assertEquals(
        note.test(lines.at(-1)!),
        layout === told,
        `${compat} ${layout} ${lines.at(-1)}`,
      );
    }
  }
});

Deno.test("a config.json is neither forgotten nor replaced without --overwrite", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { attnType: 2 });
  const own = await scratch.text("config.json", "mine");
  const flags = { model, pt: scratch.at("a.bin"), pt_layout: "huggingface" };
  await assertRejects(
    () => exported(flags),
    Error,
    'config.json": it exists; give another name, or --overwrite',
  );
  await assertRejects(
    () => exported({ ...flags, overwrite: true }),
    Error,
    "its attention is of type 2, and theirs of type 0; use --pt_layout plain",
  );
  assertEquals(await Deno.readTextFile(own), "mine");
  await exported({ ...flags, pt_layout: "authors" });
  using file = await TorchFile.open(scratch.at("a.bin"));
  assert(file !== undefined);
});
