/**
 * New runs with the weights of another run, as programs on the loops.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
import { type TrainConfig, trainingRecord } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { contentOf, filesBelow, Scratch, SMALL, wordText } from "../../support/small_run.ts";

/** The model of the first run. */
const MODEL = {
  ...{ n_layer: 2, n_head: 2, d_head: 8, d_model: 16, d_inner: 32 },
  ...{ adaptive: true, cutoffs: [8, 16], div_val: 2, clamp_len: 6 },
} as const satisfies Flags;

/** Everything else of both runs. */
const { n_layer: _, n_head: _1, d_head: _2, d_model: _3, d_inner: _4, ...RUN } = {
  ...SMALL,
  ...{ device: "cpu", max_step: 8, log_interval: 4, eval_interval: 8 },
};

/** A run to its end; returns what it printed. */
async function trained(flags: Flags): Promise<string> {
  const { code, stdout, stderr } = await callProgram("train", { ...RUN, ...flags });
  assertEquals([code, stderr], [0, ""], stdout);
  return stdout;
}

/** The loss of the first evaluation in a log. */
async function lossIn(log: string): Promise<number> {
  const records = (await Deno.readTextFile(log)).trimEnd().split("\n")
    .map((line) => JSON.parse(line) as { kind: string; lossNats: number });
  return records.find(({ kind }) => kind === "eval")!.lossNats;
}

/** A first run on its text. */
async function firstRun(scratch: Scratch): Promise<{ old: string; data: string }> {
  const data = await scratch.text("old.txt", wordText(200));
  await trained({ ...MODEL, data, work_dir: scratch.at("old"), no_test: true });
  return { old: scratch.at("old"), data };
}

/** Another text, with words of its own. */
const otherText = (scratch: Scratch) =>
  scratch.text("new.txt", wordText(60, 2).replaceAll("word3 ", "zebra ").replace("word5", "gnu"));

Deno.test("a new run starts with the loss of its checkpoint, in one process and in two", async () => {
  await using scratch = new Scratch();
  const { old, data } = await firstRun(scratch);
  const evaluated = await callProgram("eval", {
    ...{ work_dir: old, split: "valid", device: "cpu", batch_size: 2, tgt_len: 8, mem_len: 8 },
  });
  assertEquals(evaluated.code, 0, evaluated.stderr);
  const shown = /valid loss +([\d.]+)/.exec(evaluated.stdout)![1]!;
  const still = { data, init_from: old, lr: 0, eta_min: 0, max_step: 1, eval_interval: 1 } as const;
  const losses: number[] = [];
  const processes: Readonly<Record<string, Flags>> = {
    one: {},
    two: { gpus: 2, oversubscribe: true },
  };
  for (const [name, more] of Object.entries(processes)) {
    const work_dir = scratch.at(name);
    const stdout = await trained({ ...still, ...more, work_dir, batch_chunk: 1, no_test: true });
    assertStringIncludes(stdout, `Starting from the weights of "${old}/checkpoint_best`);
    assertStringIncludes(stdout, `valid loss ${shown.padStart(5)}`);
    losses.push(await lossIn(`${work_dir}/train_log.jsonl`));
  }
  assertEquals(losses[0], await lossIn(`${old}/train_log.jsonl`));
  assert(Math.abs(losses[1]! / losses[0]! - 1) < 1e-6);
});

Deno.test("an extended run begins at step 0 with other lengths, and its restart is bit-equal", async () => {
  await using scratch = new Scratch();
  const { old } = await firstRun(scratch);
  const data = await otherText(scratch);
  const flags: Flags = {
    ...{ data, extend_vocab: true, tgt_len: 4, mem_len: 6, eval_tgt_len: 4, dropout: 0 },
    ...{ clamp_len: -1, optim: "adam", no_test: true, max_step_scheduler: 8, eval_interval: 4 },
  };
  const started: Flags = { ...flags, init_from: `${old}/checkpoint_last.safetensors` };
  const stdout = await trained({ ...started, work_dir: scratch.at("whole") });
  assertStringIncludes(stdout, "with new rows for 2 symbols behind its ");
  await trained({ ...started, work_dir: scratch.at("part"), max_step: 4 });
  const restart = { restart: true, work_dir: scratch.at("part"), device: "cpu" } as const;
  const { code, stderr } = await callProgram("train", { ...restart, max_step: 8 });
  assertEquals([code, stderr], [0, ""]);
  const last = (name: string) => `${scratch.at(name)}/checkpoint_last.safetensors`;
  assertEquals(await contentOf(last("part")), await contentOf(last("whole")));
  using before = await openCheckpoint(last("old"));
  using after = await openCheckpoint(last("part"));
  const { size } = before.vocabulary;
  assertEquals(after.vocabulary.symbols.slice(0, size), before.vocabulary.symbols);
  assertEquals(after.vocabulary.symbols.slice(size).sort(), ["gnu", "zebra"]);
  const { nToken, dropout: _d, clampLen, ...kept } = after.config;
  const { nToken: _n, dropout: _o, clampLen: _c, ...were } = before.config;
  assertEquals([nToken, clampLen, kept], [size + 2, -1, were]);
  const { config, progress } = trainingRecord(after);
  const wanted: Partial<TrainConfig> = { initFrom: before.path, tgtLen: 4, restart: true };
  for (const [key, value] of Object.entries(wanted)) {
    assertEquals(config[key as keyof TrainConfig], value);
  }
  assertEquals([progress.step, config.maxStep], [8, 8]);
  const manual = { manual: "zebra word1 gnu", tgt_len: 4, mem_len: 6 };
  const scored = await callProgram("eval", {
    ...manual,
    work_dir: restart.work_dir,
    device: "cpu",
  });
  assertEquals([scored.code, scored.stderr], [0, ""]);
  const refused = await callProgram("train", { ...restart, max_step: 9, cutoffs: [8, 20] });
  assertStringIncludes(refused.stderr, "--cutoffs 8,20 (it is 8,16 there)");
});

Deno.test("half precision starts from single precision with further words, and single from half", async () => {
  await using scratch = new Scratch();
  const { old } = await firstRun(scratch);
  const still = { lr: 0, eta_min: 0, max_step: 1, eval_interval: 1, no_test: true } as const;
  const lossOf = async (name: string, flags: Flags) => {
    await trained({ ...still, ...flags, work_dir: scratch.at(name) });
    return await lossIn(`${scratch.at(name)}/train_log.jsonl`);
  };
  const further = { data: await otherText(scratch), init_from: old, extend_vocab: true } as const;
  const single = await lossOf("single", further);
  const half = await lossOf("half", { ...further, fp16: true });
  assert(half !== single && Math.abs(half / single - 1) < 1e-3, `${half}, ${single}`);
  using extended = await openCheckpoint(`${scratch.at("half")}/checkpoint_last.safetensors`);
  assert(extended.vocabulary.has("zebra"));
  const back = await lossOf("back", { data: further.data, init_from: scratch.at("half") });
  assert(back !== half && Math.abs(back / half - 1) < 1e-3, `${back}, ${half}`);
});

Deno.test("a dry run plans the model of the checkpoint, with its text or without one", async () => {
  await using scratch = new Scratch();
  const { old } = await firstRun(scratch);
  const before = await filesBelow(scratch.path);
  const plan = { init_from: old, work_dir: scratch.at("new"), dry_run: true } as const;
  const planned = await trained({ ...plan, dataset: "wt103" });
  using checkpoint = await openCheckpoint(`${old}/checkpoint_best.safetensors`);
  const { size } = checkpoint.vocabulary;
  assertStringIncludes(planned, `text : none, planned with the ${size} symbols of the checkpoint`);
  const parameters = (text: string) => Number(/#params = (\d+)/.exec(text)![1]);
  const data = scratch.at("old.txt");
  assertEquals(parameters(await trained({ ...plan, data })), parameters(planned));
  assertEquals(await filesBelow(scratch.path), before);
  // Two thirds of its words are new ones: with those of the checkpoint more than its own differ.
  const words = Array.from({ length: 480 }, (_, i) => i % 16 < 11 ? `new${i}` : "word3");
  const lines = Array.from({ length: 60 }, (_, i) => words.slice(8 * i, 8 * i + 8).join(" "));
  const sparse = await scratch.text("sparse.txt", lines.join("\n"));
  const extended = await trained({ ...plan, data: sparse, extend_vocab: true });
  const row = 16 / 4 + 1; // of the narrowest cluster, and its bias
  assertEquals(parameters(extended), parameters(planned) + 330 * row);
  assertEquals(extended.includes("separated by spaces"), false);
});
