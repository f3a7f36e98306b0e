/**
 * Runs on sentences in random order: resumed runs, ranks, evaluation, and what they say.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Corpus, openCorpus } from "@transformer-xl/model";
import type { TrainConfig } from "@transformer-xl/train";
import { together } from "../../support/processes/train_together.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import { writeSentences } from "../../support/text/sentences.ts";
import { contentOf, Scratch, smallConfig } from "../../support/small_run.ts";

const STEPS = 14;

const HELD_OUT = "1-billion-word-language-modeling-benchmark-r13output/" +
  "heldout-monolingual.tokenized.shuffled/news.en.heldout-00000-of-00050";

async function fixture(scratch: Scratch): Promise<Corpus> {
  await writeSentences(scratch.at("lm1b"), { training: [12, 9, 15] });
  return await openCorpus({ dataset: "lm1b", path: scratch.at("lm1b") });
}

function configOf(settings: Partial<TrainConfig>): TrainConfig {
  const steps = { maxStep: STEPS, maxStepScheduler: STEPS, logInterval: 1 };
  return smallConfig({
    dataset: "lm1b",
    roll: false,
    noEval: true,
    extLen: 2,
    ...steps,
    ...settings,
  });
}

for (
  const [compat, processes, stop] of [["none", 1, 9], ["none", 2, 12], ["head", 1, 10]] as const
) {
  Deno.test(`a run on sentences is resumed bit-equal, --compat ${compat}, ${processes} at once`, async () => {
    await using scratch = new Scratch();
    const corpus = await fixture(scratch);
    const outcome = async (name: string, config: TrainConfig, from?: { readonly from: string }) => {
      const workDir = scratch.at(name);
      await Deno.mkdir(workDir);
      const told = await together({ config, corpus, workDir, ...from }, processes);
      const path = `${workDir}/checkpoint_last.safetensors`;
      return { path, losses: told.map(({ losses }) => losses), content: await contentOf(path) };
    };
    const config = configOf({ compat });
    const whole = await outcome("whole", config);
    const first = await outcome("first", { ...config, maxStep: stop });
    const rest = await outcome("rest", config, { from: first.path });
    assertEquals(rest.content, whole.content);
    assertEquals(
      first.losses.map((losses, rank) => [...losses, ...rest.losses[rank]!]),
      whole.losses,
    );
    const progress = JSON.parse(first.content["progress"]!);
    assertEquals(progress.sentences.rests.length, 4);
    const last = JSON.parse(whole.content["progress"]!) as { epoch: number };
    assert(last.epoch >= 2, "an epoch ends in the run");
  });
}

Deno.test("two processes train on the sentences of one", async () => {
  await using scratch = new Scratch();
  const corpus = await fixture(scratch);
  const losses = [];
  for (const processes of [1, 2]) {
    const workDir = scratch.at(`${processes}`);
    await Deno.mkdir(workDir);
    const config = configOf({ dropout: 0, dropatt: 0, maxStep: 4 });
    const [first] = await together({ config, corpus, workDir }, processes);
    losses.push(first!.losses);
  }
  const [one, two] = losses;
  for (const [n, loss] of one!.entries()) assert(Math.abs(loss - two![n]!) < 1e-5 * loss);
});

Deno.test("the programs train on sentences, say what they leave out, and evaluate", async () => {
  await using scratch = new Scratch();
  await writeSentences(scratch.at("lm1b"));
  const common = { device: "cpu", work_dir: scratch.at("run") } as const;
  const sizes = {
    n_layer: 1,
    n_head: 1,
    d_head: 8,
    d_model: 8,
    d_inner: 8,
    adaptive: true,
    cutoffs: [4, 8],
    div_val: 2,
    batch_size: 4,
    tgt_len: 8,
    mem_len: 8,
    eval_tgt_len: 8,
    eval_batch_size: 2,
    max_step: 60,
    log_interval: 10,
    eval_interval: 30,
  } as const;
  const text = { dataset: "lm1b", data: scratch.at("lm1b") } as const;
  const trained = await callProgram("train", { ...common, ...sizes, ...text, compat: "head" });
  assertEquals([trained.code, trained.stderr], [0, ""], trained.stdout);
  const lines = [
    "text : 5 files, ",
    " outside the training files",
    "valid: ",
    " first in a sentence, with nothing before them, ",
    " that do not fill a batch of all columns",
    "epoch 1 left out ",
    "| epoch   2 step ",
  ];
  for (const line of lines) assertStringIncludes(trained.stdout, line);
  const none = await callProgram("train", {
    ...common,
    ...sizes,
    ...text,
    debug: true,
    max_step: 50,
  });
  assertEquals([none.code, none.stderr], [0, ""], none.stdout);
  assert(!none.stdout.includes("left out"));

  const lengths = { batch_size: 1, tgt_len: 8, mem_len: 8, compat: "none" } as const;
  const evaluated = await callProgram("eval", { ...common, ...lengths, split: "test" });
  assertEquals([evaluated.code, evaluated.stderr], [0, ""], evaluated.stdout);
  const [, scored, all, first] =
    /^test: (\d+) of (\d+) tokens scored; not scored: (\d+) first in a sentence, with nothing before them$/m
      .exec(evaluated.stdout) ?? [];
  assertEquals([Number(all) - Number(first), first], [Number(scored), "30"]);
  const file = `${scratch.at("lm1b")}/${HELD_OUT}`;
  const alone = { ...common, ...lengths, dataset: "lm1b", data: file } as const;
  const whole = await callProgram("eval", { ...alone, split: "file" });
  assertEquals([whole.code, whole.stderr], [0, ""], whole.stdout);
  assertStringIncludes(whole.stdout, `file: ${scored} of ${all} tokens scored`); // the same text
  const training = await callProgram("eval", { ...alone, split: "train" });
  assertEquals(training.code, 2, training.stdout);
  assertStringIncludes(training.stderr, 'Cannot score split "train" of data set "lm1b"');
  const prompt = { prompt: "the of", length: 60, seed: 3 } as const;
  const generated = await callProgram("eval", { ...common, generate: true, ...prompt });
  assertEquals(generated.code, 0, generated.stderr);
  assertMatch(generated.stdout, /^the of /m);
  assert(!generated.stdout.includes("<S>"), "a mark ends a line");
  const typed = await callProgram("eval", { ...common, manual: "the of" });
  assertEquals([typed.code, typed.stderr], [0, ""], typed.stdout);
});

Deno.test("settings of a text in order or of a counted vocabulary are refused for sentences", async () => {
  await using scratch = new Scratch();
  await writeSentences(scratch.at("lm1b"));
  const text = { dataset: "lm1b", data: scratch.at("lm1b"), debug: true, device: "cpu" } as const;
  const refused = async (flags: Record<string, string | number | true>, message: string) => {
    const { code, stderr } = await callProgram("train", { ...text, ...flags });
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, message);
  };
  await refused({ roll: true }, "Cannot use --roll with --dataset lm1b");
  await refused({ varlen: true }, "Cannot use --varlen with --dataset lm1b");
  await refused({ vocab: "char" }, "Cannot use --vocab char with this data set");
  await refused({ min_freq: 3 }, "Cannot use --min_freq 3 with this data set");
  await refused({ batch_size: 400 }, 'Cannot cut "train" into 400 columns');
});
