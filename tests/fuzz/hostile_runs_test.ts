/**
 * Consistent checkpoints that contradict the run: its text, its settings, the state of its loss
 * scale. Each ends in one line before a step, and nothing is written.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { evaluate } from "@transformer-xl/eval/cli";
import { openCheckpoint } from "@transformer-xl/model";
import { CheckpointError } from "@transformer-xl/runtime";
import { CheckpointFiles, Trainer } from "@transformer-xl/train";
import { train } from "@transformer-xl/train/cli";
import { type Flags, words } from "../support/program.ts";
import {
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  wordText,
} from "../support/small_run.ts";
import { openTestGpu } from "../support/test_gpu.ts";
import { assemble, change, CheckpointMutations, type Parts } from "./checkpoint_mutations.ts";

type Json = Record<string, unknown>;
type Edit = (
  record: { readonly config: Json; readonly progress: Json; text?: unknown },
  model: Json,
) => void;

/** The checkpoint with another record of training, or another model. */
function edited(bytes: Uint8Array<ArrayBuffer>, edit: Edit): Uint8Array<ArrayBuffer> {
  const parts = new CheckpointMutations(bytes, () => 0).parts();
  const { metadata } = parts;
  const parsed = (key: string) =>
    JSON.parse(JSON.parse(metadata.find(([name]) => name === key)![1]));
  const [record, model] = [parsed("training"), parsed("model")];
  edit(record, model);
  put(parts, "training", record);
  put(parts, "model", model);
  return assemble(parts, "recomputed");
}

function put({ metadata }: Parts, key: string, value: unknown): void {
  change(metadata, key, () => JSON.stringify(JSON.stringify(value)));
}

/** A finished run of four steps, as the user finds it. */
async function finishedRun(scratch: Scratch) {
  const work_dir = scratch.at("run");
  const data = await scratch.text("text.txt", wordText(60));
  const flags = { ...SMALL, device: "cpu", max_step: 4, eval_interval: 4, data, work_dir } as const;
  assertEquals(await train(words(flags)), 0);
  const last = `${work_dir}/checkpoint_last.safetensors`;
  return { work_dir, last, bytes: await Deno.readFile(last) };
}

/** When and at what length the files of a run were written. */
function written(workDir: string): unknown[] {
  const names = ["checkpoint_last.safetensors", "checkpoint_best.safetensors", "train_log.log"];
  return names.map((name) => {
    const { size, mtime } = Deno.statSync(`${workDir}/${name}`);
    return [name, size, mtime?.getTime()];
  });
}

const FAR = 8 * 10 ** 6;
const CASES: readonly (readonly [what: string, edit: Edit, says: RegExp])[] = [
  [
    "a position outside its text",
    ({ progress }) => progress.lastStart = FAR,
    /its last segment starts at row 8000000, the columns of the text have \d+; give the text/,
  ],
  [
    "a position outside a text that it does not name",
    (record) => {
      record.progress.lastStart = FAR;
      delete record.text;
    },
    /its last segment starts at row 8000000/,
  ],
  [
    "a model that its settings do not lead to",
    (_, model) => model.compat = "2019",
    /its model and its settings differ: compat is "2019" in the one and "none" by the others/,
  ],
  [
    "settings of another initialisation",
    ({ config }) => config.initStd = 7,
    /its model and its settings differ: initStd is 0\.02 in the one and 7 by the others/,
  ],
];

Deno.test("a run does not continue from a checkpoint that contradicts what it finds", async (t) => {
  await using scratch = new Scratch();
  const { work_dir, last, bytes } = await finishedRun(scratch);
  for (const [what, edit, says] of CASES) {
    await t.step(what, async () => {
      await Deno.writeFile(last, edited(bytes, edit));
      const before = written(work_dir);
      const { message } = await assertRejects(
        () => train(words({ restart: true, work_dir, max_step: 6 })),
        CheckpointError,
      );
      assertMatch(message, says);
      assertMatch(message, /^\P{Cc}{1,399}$/u);
      assertEquals(written(work_dir), before);
    });
  }
});

Deno.test("debug in a checkpoint does not keep a continued run from writing", async () => {
  await using scratch = new Scratch();
  const { work_dir, last, bytes } = await finishedRun(scratch);
  await Deno.writeFile(last, edited(bytes, ({ config }) => config.debug = true));
  assertEquals(await train(words({ restart: true, work_dir, max_step: 6 })), 0);
  const again = await assertRejects(() => train(words({ restart: true, work_dir, max_step: 6 })));
  assertMatch(`${again}`, /it is at step 6 and --max_step is 6/);
});

Deno.test("the stored text of an evaluation is a path, and short enough for one", async () => {
  await using scratch = new Scratch();
  const { last: model, bytes } = await finishedRun(scratch);
  const score: Flags = { model, device: "cpu", tgt_len: 8, mem_len: 8, batch_size: 2 };
  for (const [data, dataset] of [[`/${"x".repeat(90_000)}`], ["/x\0y"], [{ a: 1 }], [null, 7]]) {
    const edit: Edit = ({ config }) => Object.assign(config, { data }, dataset && { dataset });
    await Deno.writeFile(model, edited(bytes, edit));
    const { message } = await assertRejects(() => evaluate(words(score)), CheckpointError);
    assertMatch(message, /"config\.data(set)?" is wrong \(.*\); name the text with --data$/);
    assertMatch(message, /^\P{Cc}{1,399}$/u);
  }
});

Deno.test("a loss scale that scales nothing is not restored", async () => {
  const gpu = await openTestGpu();
  if (!gpu.info.features.includes("shader-f16")) return;
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const settings = { fp16: true, maxStep: 1, noEval: true, noTest: true, workDir: scratch.path };
  const config = smallConfig(settings);
  const files = new CheckpointFiles(scratch.path, { saveAll: false });
  {
    using trainer = await smallTrainer(gpu, config, corpus);
    for await (const _ of trainer.train(new AbortController().signal, files));
  }
  const bytes = await Deno.readFile(files.last);
  const mutations = new CheckpointMutations(bytes, () => 0);
  for (const [scale, good] of [[0, 0], [-2, 0], [1, 0.5], [1, -1]] as const) {
    const parts = mutations.parts();
    const state = mutations.tensor(parts, "optimizer.loss_scale");
    const view = new DataView(state.buffer, state.byteOffset);
    view.setFloat32(0, scale, true);
    view.setFloat32(4, good, true);
    await Deno.writeFile(files.last, assemble(parts, "recomputed"));
    using checkpoint = await openCheckpoint(files.last);
    const modelConfig = checkpoint.config;
    const { message } = await assertRejects(
      () => Trainer.create(gpu, { ...config, maxStep: 2 }, modelConfig, corpus, checkpoint),
      CheckpointError,
    );
    assert(message.includes(`its loss scale is ${scale}, after ${good} and 0 updates`), message);
  }
});
