/**
 * Attention types 1, 2 and 3 through the programs: counted parameters, bit-equal resume, evaluation
 * with other lengths than in training, and half precision.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import type { TrainConfig, Trainer } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import {
  contentOf,
  Scratch,
  SMALL,
  smallConfig,
  smallCorpus,
  smallTrainer,
  WORD_COUNT,
  wordText,
} from "../../support/small_run.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const TYPES = [1, 2, 3] as const;
const { n_layer: L, n_head: N, d_head: H, d_model: D, d_inner: F, tgt_len, mem_len } = SMALL;
const R = tgt_len + mem_len;

/** Elements of `r_emb`, `r_bias` and `r_w_bias`. */
const TABLES = { 1: L * (R * N * H + R * N + N * H), 2: 0, 3: L * R * D };

async function run(name: "train" | "eval", flags: Flags): Promise<string> {
  const { code, stdout, stderr } = await callProgram(name, flags);
  assertEquals(code, 0, stderr);
  return stdout;
}

Deno.test("the programs train, continue bit-equal and evaluate with attention types 1, 2 and 3", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  for (const attn_type of TYPES) {
    const work_dir = scratch.at(`type ${attn_type}`);
    const flags = {
      ...SMALL,
      data,
      device: "cpu",
      attn_type,
      eval_tgt_len: 4,
      no_test: true,
    } as const;
    const steps = { max_step: 12, max_step_scheduler: 12, eval_interval: 6 } as const;
    const whole = await run("train", { ...flags, ...steps, work_dir });
    const layers = L * (4 * N * H * D + 2 * D + 2 * F * D + F + D + 2 * D);
    const symbols = WORD_COUNT + 1; // the end of a line
    assertStringIncludes(
      whole,
      `#params = ${symbols * D + symbols + layers + TABLES[attn_type]}\n`,
    );
    assertStringIncludes(whole, `#non emb params = ${layers}\n`);

    const stopped = scratch.at(`type ${attn_type} stopped`);
    await run("train", { ...flags, ...steps, max_step: 6, work_dir: stopped });
    await run("train", { work_dir: stopped, restart: true, device: "cpu", max_step: 12 });
    const last = "checkpoint_last.safetensors";
    assertEquals(await contentOf(`${stopped}/${last}`), await contentOf(`${work_dir}/${last}`));

    const scored = { work_dir, device: "cpu", batch_size: 2, split: "test", mem_len: 20 } as const;
    assertStringIncludes(await run("eval", { ...scored, tgt_len: 4 }), "| test loss");
    const head = { ...scored, compat: "head" } as const;
    const { code, stderr } = await callProgram("eval", { ...head, tgt_len: 4 });
    if (attn_type === 2) assertEquals(code, 0, stderr);
    else {
      assertEquals(code, 2);
      assertStringIncludes(
        stderr,
        `Cannot score --attn_type ${attn_type} with 24 rows of context and --compat head: its ` +
          "tables have 16 rows; use --compat none, or --tgt_len, --ext_len and --mem_len with " +
          "this sum",
      );
    }
    await run("eval", { ...head, tgt_len: 4, mem_len: R - 4 });
  }
});

gpuTest("attention types 1, 2 and 3 train in half precision near full precision", async () => {
  const device = await openTestGpu();
  const corpus = await smallCorpus();
  const losses = async (settings: Partial<TrainConfig>) => {
    const plain = { dropout: 0, dropatt: 0, logInterval: 1, maxStep: 12, noEval: true };
    using trainer: Trainer = await smallTrainer(
      device,
      smallConfig({ ...plain, ...settings }),
      corpus,
    );
    const all: number[] = [];
    for await (const event of trainer.train(new AbortController().signal)) {
      if (event.kind === "log") all.push(event.metrics[0]!.lossNats);
    }
    return all;
  };
  for (const attnType of TYPES) {
    const [half, full] = [await losses({ attnType, fp16: true }), await losses({ attnType })];
    half.forEach((loss, i) => assertLess(Math.abs(loss - full[i]!) / full[i]!, 0.01));
    assert(half.some((loss, i) => loss !== full[i]), "half precision is not full precision");
  }
});
