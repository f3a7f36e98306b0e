/**
 * `deno task import`: files of PyTorch in the layouts of three programs give the losses that PyTorch
 * computed, and what a file does not tell is asked for.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openCheckpoint, trainedFacts, weightNames } from "@transformer-xl/model";
import { CheckpointError, writeSafetensors } from "@transformer-xl/runtime";
import { exported, lossOf } from "../../support/exchange/exported.ts";
import { imported, importRefusal, segmentLosses } from "../../support/exchange/imported.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { torchFixture, torchGolden } from "../../support/pytorch/torch_fixtures.ts";
import { Scratch } from "../../support/small_run.ts";

const golden = torchGolden();
const CHECKPOINT = "checkpoint_best.safetensors";
const AUTHORS = { vocab_file: torchFixture("cache.pt") };
const STATE = {
  ...AUTHORS,
  cutoffs: "8,16",
  no_pre_lnorm: true,
  same_length: true,
  clamp_len: -1,
} as const;
const HUGGING_FACE = "huggingface/pytorch_model.bin";

const LAYOUTS: readonly (readonly [what: string, file: string, flags: Flags, says: RegExp])[] = [
  ["NVIDIA's checkpoint", "nvidia.pt", {}, /NVIDIA's program.*compat head.*24 word symbols/],
  ["NVIDIA's checkpoint in halves", "nvidia_half.pt", {}, /NVIDIA's.*compat head, pre_lnorm true/],
  ["NVIDIA's checkpoint of 2019", "nvidia_2019.pt", {}, /NVIDIA's program.*compat 2019/],
  ["the authors' pickled network", "authors.pt", AUTHORS, /the authors' program.*compat 2019/],
  ["the authors' state dict", "authors_state.pt", STATE, /the authors' program.*same_length true/],
  [
    "Hugging Face's state dict",
    HUGGING_FACE,
    { vocab_file: torchFixture("huggingface/vocab.bin") },
    /Hugging Face's transfo-xl.*config.json.*compat 2019.*clamp_len 5/,
  ],
];

for (const [what, file, flags, says] of LAYOUTS) {
  Deno.test(`${what} gives the losses of PyTorch`, async () => {
    await using scratch = new Scratch();
    const lines = await imported(torchFixture(file), { work_dir: scratch.path, ...flags });
    assertMatch(lines.join(" "), says);
    const losses = await segmentLosses(scratch.at(CHECKPOINT), golden);
    assertEquals(losses.length, golden.losses[file]!.length);
    losses.forEach((loss, s) => assertAlmostEquals(loss, golden.losses[file]![s]!, 1e-7));
    using checkpoint = await openCheckpoint(scratch.at(CHECKPOINT));
    assertEquals(checkpoint.vocabulary.symbols, golden.vocabulary);
  });
}

Deno.test("the vocabularies of Hugging Face are the same, pickled either way", async () => {
  await using scratch = new Scratch();
  const prints: string[] = [];
  for (const name of ["vocab.bin", "vocab.pkl"]) {
    const vocab_file = torchFixture(`huggingface/${name}`);
    await imported(torchFixture(HUGGING_FACE), { work_dir: scratch.at(name), vocab_file });
    using checkpoint = await openCheckpoint(scratch.at(`${name}/${CHECKPOINT}`));
    prints.push(checkpoint.vocabulary.fingerprint);
  }
  assertEquals(prints[0], prints[1]);
});

Deno.test("what a file does not tell is asked for in one sentence that names the flags", async () => {
  await using scratch = new Scratch();
  await using words = new Scratch();
  const folder = { work_dir: scratch.at("run") };
  assertMatch(
    await importRefusal(torchFixture("authors_state.pt"), folder),
    /does not tell its cut-offs, pre_lnorm, same_length, clamp_len, and its vocabulary; give --cutoffs, and give --pre_lnorm or --no_pre_lnorm, and .*--same_length.*--clamp_len.*--vocab_file$/,
  );
  assertMatch(
    await importRefusal(torchFixture("authors.pt"), folder),
    /does not tell its vocabulary; give --vocab_file$/,
  );
  const wrong: readonly (readonly [file: string, flags: Flags, says: RegExp])[] = [
    [
      "authors_state.pt",
      { ...STATE, cutoffs: "8" },
      /cut-offs 8 for 3 clusters of 24 symbols; give 2/,
    ],
    [
      "authors_state.pt",
      { ...STATE, n_head: 4 },
      /with n_head 4: its model has 2; leave the flag out/,
    ],
    ["nvidia.pt", { cutoffs: "9,16" }, /cut-offs 9,16: those of its tables are \[8,16\]/],
    ["nvidia.pt", { pre_lnorm: true }, /with pre_lnorm true: its model has false/],
    ["nvidia.pt", { vocab_file: torchFixture("nvidia.pt") + "x" }, /there is no such file/],
    [
      "nvidia.pt",
      { vocab_file: torchFixture("values.pt") },
      /its vocabulary has no list of symbols/,
    ],
    ["nvidia.pt", { vocab_file: torchFixture("golden.json") }, /neither "<eos>" nor/],
    ["nvidia.pt", { source_config: torchFixture("values.pt") }, /values.pt": it is not JSON/],
    ["nvidia.pt", { source_config: scratch.at("none.json") }, /there is no such file/],
    ["cache.pt", {}, /it holds no model, but an object of "data_utils.Corpus"/],
    ["values.pt", {}, /it has no tensor "layers\.0\.dec_attn\.o_net\.weight"/],
    ["golden.json", {}, /it is no file of PyTorch/],
    ["none.pt", {}, /there is no such file/],
    [
      "nvidia.pt",
      { vocab_file: await words.text("twice.txt", "<eos>\na\nb\na\n") },
      /twice.txt": its vocabulary has the symbol "a" twice$/,
    ],
  ];
  for (const [file, flags, says] of wrong) {
    assertMatch(await importRefusal(torchFixture(file), { ...folder, ...flags }), says);
  }
  assertEquals([...Deno.readDirSync(scratch.path)], []); // nothing is left behind
  assertMatch(
    await importRefusal(torchFixture("nvidia.pt"), {}),
    /no folder is given; give --work_dir/,
  );
  assertMatch(await importRefusal("--work_dir", { work_dir: "x" }), /a file is wanted first/);
  assertMatch(await importRefusal("", folder), /Cannot import "": a path is wanted; write FILE/);
});

Deno.test("flags set what a file does not tell, and what does not shape its weights", async () => {
  await using scratch = new Scratch();
  const facts = { dataset: "wt103", tgt_len: 4, mem_len: 5, dropout: 0.2, dropatt: 0.3 } as const;
  const list = golden.vocabulary.map((word) => `${word}\n`).join("");
  const words = { vocab_file: await scratch.text("words.txt", list), lower_case: true } as const;
  await imported(torchFixture("authors_state.pt"), {
    ...{ ...STATE, ...facts, ...words, compat: "none" },
    work_dir: scratch.at("a"),
  });
  using checkpoint = await openCheckpoint(scratch.at(`a/${CHECKPOINT}`));
  const { config, vocabulary } = checkpoint;
  assertEquals([config.dropout, config.dropatt, config.compat], [0.2, 0.3, "none"]);
  assertEquals(vocabulary.toJSON().lowerCase, true);
  assertEquals(trainedFacts(checkpoint), {
    ...{ dataset: "wt103", data: null, tgtLen: 4, extLen: 0, memLen: 5 },
  });
  const wrong: readonly Flags[] = [
    ...[{ clamp_len: -2 }, { cutoffs: "8,x" }, { dropout: 1 }, { n_head: 0 }, { dataset: "x" }],
    ...[{ compat: "2020" }, { tgt_len: 0 }, { mem_len: -1 }, { vocab_file: "" }],
  ];
  for (const flags of wrong) {
    const [name] = Object.keys(flags);
    const refusal = await importRefusal(torchFixture("nvidia.pt"), { work_dir: "x", ...flags });
    assert(refusal.startsWith(`Cannot`) && refusal.includes(`--${name}`), refusal);
  }
});

/** Writes the weights of a checkpoint alone, as of a wrapped network. */
async function bareState(checkpoint: string, path: string): Promise<string> {
  using opened = await openCheckpoint(checkpoint);
  const { file } = opened;
  await writeSafetensors(
    path,
    weightNames(file).map((name) => ({
      ...{ name: `module.${name}`, dtype: "F32", shape: file.shape(name) },
      values: () => file.tensor(name),
    })),
  );
  return path;
}

Deno.test("heads of attention type 2, which no tensor tells, are asked for", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path, { attnType: 2, compat: "head", nHead: 2 });
  const file = await bareState(model, scratch.at("state.safetensors"));
  await exported({ model, pt: scratch.at("x.pt"), pt_layout: "nvidia" });
  const given = { no_pre_lnorm: true, no_same_length: true, clamp_len: -1, dropout: 0.2 } as const;
  const flags = { ...given, vocab_file: scratch.at("x.pt"), work_dir: scratch.at("again") };
  assertMatch(
    await importRefusal(file, flags),
    /does not tell its attention heads; give --n_head$/,
  );
  assertMatch(
    await importRefusal(file, { ...flags, n_head: 3 }),
    /the width 8 of its attention is not that of 3 heads; give their number/,
  );
  await imported(file, { ...flags, n_head: 2 });
  assertEquals(await lossOf(scratch.at(`again/${CHECKPOINT}`)), await lossOf(model));
});

Deno.test("a state dict in safetensors is imported, a checkpoint of this program is none", async () => {
  await using scratch = new Scratch();
  await imported(torchFixture("nvidia.pt"), { work_dir: scratch.at("first") });
  const first = scratch.at(`first/${CHECKPOINT}`);
  assertMatch(await importRefusal(first, { work_dir: scratch.at("x") }), /a checkpoint already/);
  await Deno.copyFile(first, scratch.at("first.pt"));
  assertMatch(
    await importRefusal(scratch.at("first.pt"), { work_dir: scratch.at("x") }),
    /a checkpoint already/,
  );
  const file = await bareState(first, scratch.at("state.safetensors"));
  const given = { no_pre_lnorm: true, same_length: true, clamp_len: 5, ...AUTHORS } as const;
  await imported(file, { work_dir: scratch.at("second"), ...given, dropout: 0.1 });
  using before = await openCheckpoint(first);
  using after = await openCheckpoint(scratch.at(`second/${CHECKPOINT}`));
  assertEquals(after.config, before.config);
  for (const name of weightNames(before.file)) {
    assertEquals(await after.file.tensor(name), await before.file.tensor(name));
  }
});

Deno.test("a file of PyTorch as a checkpoint is refused with the command that imports it", async () => {
  for (const name of ["nvidia.pt", "authors.pt"]) {
    await assertRejects(
      () => openCheckpoint(torchFixture(name)),
      CheckpointError,
      "it is a file of PyTorch; `deno task import` makes a checkpoint of it",
    );
  }
});

Deno.test("an import into the folder of a run needs --overwrite", async () => {
  await using scratch = new Scratch();
  const folder = { work_dir: scratch.path };
  await trainedCheckpoint(scratch.path);
  assertMatch(
    await importRefusal(torchFixture("nvidia.pt"), folder),
    /it holds the checkpoint "checkpoint_last.safetensors"; choose another --work_dir, or give --overwrite/,
  );
  await imported(torchFixture("nvidia.pt"), { ...folder, overwrite: true });
  assertEquals([...Deno.readDirSync(scratch.path)].map(({ name }) => name), [CHECKPOINT]);
});

Deno.test("an imported model is evaluated and starts a run, which it cannot continue", async () => {
  await using scratch = new Scratch();
  const model = scratch.at("imported");
  await imported(torchFixture("nvidia.pt"), { work_dir: model });
  const data = await scratch.text("text.txt", "w2 w3 w4 w5 w9 w20\nw7 w8 unknown w11\n".repeat(20));
  const common = { device: "cpu", data, no_env: true } as const;
  const lengths = { batch_size: 2, tgt_len: 4, mem_len: 4 };
  const scored = await callProgram("eval", { ...common, ...lengths, work_dir: model });
  assertEquals([scored.code, scored.stderr], [0, ""]);
  assertMatch(scored.stdout, /test loss/);
  const run = {
    ...lengths,
    eval_tgt_len: 4,
    eval_batch_size: 2,
    max_step: 2,
    work_dir: scratch.at("run"),
  };
  const trained = await callProgram("train", { ...common, ...run, init_from: model });
  assertEquals([trained.code, trained.stderr], [0, ""]);
  assertMatch(trained.stdout, /Starting from the weights of ".*checkpoint_best.safetensors"/);
  const restarted = await callProgram("train", { ...common, work_dir: model, restart: true });
  assertEquals(restarted.code, 2);
  assertMatch(restarted.stderr, /no state of training.*--init_from/);
});

const EXPORTED: readonly (readonly [layout: string, attnType: 0 | 1 | 2 | 3])[] = [
  ["plain", 0],
  ["nvidia", 0],
  ["nvidia", 1],
  ["nvidia", 2],
  ["plain", 3],
];

for (const [layout, attnType] of EXPORTED) {
  Deno.test(`a model of attention type ${attnType}, exported as ${layout} and imported, is the same`, async () => {
    await using scratch = new Scratch();
    const model = await trainedCheckpoint(scratch.path, { compat: "head", attnType });
    await exported({ model, pt: scratch.at("x.pt"), pt_layout: layout });
    await imported(scratch.at("x.pt"), { work_dir: scratch.at("again") });
    const again = scratch.at(`again/${CHECKPOINT}`);
    assertEquals(await lossOf(again), await lossOf(model));
    using before = await openCheckpoint(model);
    using after = await openCheckpoint(again);
    assertEquals(after.vocabulary.fingerprint, before.vocabulary.fingerprint);
    for (const name of after.file.names.filter((name) => name !== "vocabulary")) {
      assertEquals(await after.file.tensor(name), await before.file.tensor(name), name);
    }
    if (layout === "plain") assertEquals(after.config, before.config);
    assertEquals(trainedFacts(after)?.memLen, 8);
    assert(after.training === null);
  });
}
