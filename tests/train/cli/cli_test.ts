/**
 * Output of the command lines: help, dry run, device notices, log lines, evaluation.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { offersHardware } from "@transformer-xl/runtime";
import { callProgram } from "../../support/processes/called_program.ts";
import { type Flags, runProgram } from "../../support/program.ts";
import { filesBelow, recordsOf, Scratch, SMALL, wordText } from "../../support/small_run.ts";

const NO_ADAPTER = {
  VK_ICD_FILENAMES: "/nowhere/icd.json",
  VK_DRIVER_FILES: "/nowhere/icd.json",
  DENO_WEBGPU_BACKEND: "vulkan",
};

const short = {
  ...SMALL,
  device: "cpu",
  max_step: 10,
  eval_interval: 5,
  log_interval: 5,
} as const;

async function run(
  program: "train" | "eval",
  flags: Flags,
  env?: Readonly<Record<string, string>>,
): Promise<string> {
  const { code, stdout, stderr } = env === undefined
    ? await callProgram(program, flags)
    : await runProgram(program, flags, env);
  assertEquals([code, stderr], [0, ""], stdout);
  return stdout;
}

/** The loss that evaluation printed for a split. */
function lossOf(stdout: string, split: string): number {
  const found = new RegExp(`^\\| ${split} loss +([\\d.]+) \\| ${split} ppl +([\\d.]+) $`, "m")
    .exec(stdout);
  assert(found !== null, stdout);
  return Math.log(Number(found[2]));
}

Deno.test("--help of training lists every group with its flags", async () => {
  const help = await run("train", { help: true });
  const groups = help.split("\n").filter((line) => /^[A-Z]\w+$/.test(line));
  assertEquals(groups, [
    "General",
    "Processes",
    "Text",
    "Model",
    "Optimization",
    "Training",
    "Validation",
    "Other",
  ]);
  const model = help.slice(help.indexOf("\nModel\n"), help.indexOf("\nOptimization\n"));
  assertStringIncludes(model, "--n_layer INT                   Decoder layers (default 16)");
});

Deno.test("--help of evaluation lists every group with its flags", async () => {
  const help = await run("eval", { help: true });
  const groups = help.split("\n").filter((line) => /^[A-Z]\w+$/.test(line));
  assertEquals(groups, ["General", "Processes", "Text", "Lengths", "Benchmark", "Other"]);
});

Deno.test("--dry_run tells configuration, parameters, memory and work, and writes nothing", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const before = await filesBelow(scratch.path);
  const stdout = await run("train", { ...short, data, work_dir: scratch.at("new"), dry_run: true });
  assertStringIncludes(stdout, "    - d_model : 16 (flag)\n");
  assertStringIncludes(stdout, "    - eta_min : 0.001\n");
  const count = (part: string) => Number(new RegExp(`${part} (?:=|:) (\\d+)`).exec(stdout)![1]);
  const parts = ["embedding", "layers", "softmax", "attention biases"].map(count);
  assertEquals(count("#params"), parts.reduce((sum, part) => sum + part, 0));
  // q, k, v; r; output; its norm; two feed-forward matrices with biases and their norm
  const layer = 3 * 16 * 16 + 16 * 16 + 16 * 16 + 2 * 16 + (16 * 32 + 32) + (32 * 16 + 16) + 2 * 16;
  assertEquals([count("#non emb params"), count("layers")], [2 * layer, 2 * layer]);
  for (const role of ["weights", "gradients", "moments", "state", "temporary"]) {
    assertMatch(stdout, new RegExp(`^    - ${role} : [\\d.]+ KiB$`, "m"));
  }
  assertMatch(stdout, /^launches per step = \d\d+$/m);
  assertMatch(stdout, /^MFLOP per token = 0\.\d\d$/m);
  assertEquals(await filesBelow(scratch.path), before);
});

Deno.test("a run says its device, logs the reference's lines, and leaves logs and checkpoints", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const stdout = await run("train", { ...short, data, work_dir: scratch.at("run") });
  assertMatch(
    stdout,
    /^device: WebAssembly on the CPU, \d+ threads?, in float32 \(--device cpu\)$/m,
  );
  assertMatch(
    stdout,
    /^\| epoch {3}1 step {8}5 \| batches {6}5 \/ 1\d \| lr \d\.\d{3}e-0\d \| ms\/batch +\d+\.\d \| tok\/s +\d+ \| loss +\d\.\d\d \| ppl +\d+\.\d\d$/m,
  );
  assertMatch(
    stdout,
    /^-{100}\n\| Eval {3}1 at step {8}5 \| time: +\d+\.\d\ds \| valid loss +\d\.\d\d \| valid ppl +\d+\.\d{3}\n-{100}$/m,
  );
  assertMatch(
    stdout,
    /^={100}\n\| End of training \| test time: +\d+\.\d\ds \| test loss +\d\.\d\d \| test ppl +\d+\.\d{3}\n={100}\nTraining time: \d\.\d\d minutes\nTraining throughput: \d+\.\d\d tok\/s$/m,
  );
  const log = await Deno.readTextFile(scratch.at("run/train_log.log"));
  const messages = log.trimEnd().split("\n").map((line) => line.split(" - INFO - ")[1]);
  assertEquals(messages.join("\n").trimEnd(), stdout.trimEnd());
  const kinds = (await recordsOf(scratch.at("run"))).map(([key]) => key);
  assertEquals(kinds, [
    "text end",
    "log 5",
    "eval 5",
    "checkpoint 5",
    "log 10",
    "eval 10",
    "checkpoint 10",
    "test end",
    "end end",
  ]);
  const files = [...Deno.readDirSync(scratch.at("run"))].map(({ name }) => name).sort();
  assertEquals(files, [
    "cache",
    "checkpoint_best.safetensors",
    "checkpoint_last.safetensors",
    "loss_curve.svg",
    "report.html",
    "train_log.json",
    "train_log.jsonl",
    "train_log.log",
  ]);
});

Deno.test("Training time excludes the final test", async () => {
  await using scratch = new Scratch();
  await Deno.mkdir(scratch.at("data"));
  for (const [split, lines] of [["train", 60], ["valid", 10], ["test", 3000]] as const) {
    await scratch.text(`data/${split}.txt`, wordText(lines).replaceAll(/word(\d\d)/g, "word1"));
  }
  const stdout = await run("train", {
    ...short,
    data: scratch.at("data"),
    dataset: "wt2",
    work_dir: scratch.at("run"),
    max_step: 1,
    warmup_step: 0,
  });
  const log = await Deno.readTextFile(scratch.at("run/train_log.jsonl"));
  const [test, end] = log.trimEnd().split("\n").slice(-2).map((line) => JSON.parse(line));
  assertEquals([test.kind, end.kind], ["test", "end"]);
  assert(end.elapsedMs < test.elapsedMs, `${end.elapsedMs} ms, ${test.elapsedMs} ms`);
  assertStringIncludes(stdout, `Training time: ${(end.elapsedMs / 60_000).toFixed(2)} minutes`);
});

Deno.test("--device auto without a GPU trains on the CPU, with a notice", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const flags = { ...short, data, max_step: 5, warmup_step: 2, debug: true } as const;
  const notice =
    /^device: WebAssembly on the CPU, \d+ threads?, in float32, as no GPU answers; `deno task doctor` examines this machine$/m;
  const environments: Readonly<Record<string, string>>[] = [NO_ADAPTER];
  if (!await offersHardware(navigator.gpu)) environments.push({ TXL_WEBGPU: "" });
  for (const env of environments) {
    const stdout = await run("train", { ...flags, device: "auto" }, env);
    assertMatch(stdout, notice);
    assertMatch(stdout, /^\| epoch {3}1 step {8}5 /m);
  }
});

Deno.test("--overwrite leaves nothing of the earlier run for --restart", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const flags = {
    ...short,
    data,
    work_dir: scratch.at("run"),
    max_step: 5,
    warmup_step: 2,
  } as const;
  await run("train", flags);
  // The second run ends before its first checkpoint.
  const { code } = await callProgram("train", { ...flags, overwrite: true, lr: 1e38, clip: 1e38 });
  assertEquals(code, 2);
  const stdout = await run("train", { ...flags, restart: true });
  assertStringIncludes(stdout, `No checkpoint in "${scratch.at("run")}" yet: starting a new run\n`);
});

Deno.test("a restart may log at other intervals, train longer and drop out otherwise", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  await run("train", { ...short, data, work_dir, log_interval: 9, max_step: 8 });
  const stdout = await run("train", {
    work_dir,
    restart: true,
    max_step: 12,
    log_interval: 2,
    dropout: 0.3,
  });
  assertStringIncludes(stdout, "at step 8\n");
  const logged = (await recordsOf(work_dir)).filter(([key]) => key.startsWith("log"));
  assertEquals(logged.map(([key]) => key), ["log 10", "log 12"]);
  const { metrics } = JSON.parse(logged[0]![1]) as { metrics: unknown[] };
  assertEquals(metrics.length, 2); // its own steps alone
});

Deno.test("evaluation scores splits, lengths, reach and typed text", async (t) => {
  await using scratch = new Scratch();
  const text = wordText(60).replaceAll("word29", "<unk>");
  const data = await scratch.text("text.txt", text);
  const work_dir = scratch.at("run");
  await run("train", { ...short, data, work_dir, init_std: 0.3 }); // large: distances matter
  const trainLog = await Deno.readTextFile(`${work_dir}/train_log.jsonl`);
  const base = { work_dir, device: "cpu", batch_size: 2, tgt_len: 4, mem_len: 8 } as const;
  const all = await run("eval", base);

  await t.step("--split all scores valid, then test", async () => {
    assert(all.indexOf("| valid loss") < all.indexOf("| test loss"));
    const valid = await run("eval", { ...base, split: "valid" });
    const test = await run("eval", { ...base, split: "test" });
    assertEquals(lossOf(valid, "valid"), lossOf(all, "valid"));
    assertEquals(lossOf(test, "test"), lossOf(all, "test"));
    assert(!valid.includes("| test loss") && !test.includes("| valid loss"));
  });

  await t.step("the evaluation of training is the one of the evaluator", async () => {
    const trained = (await recordsOf(work_dir)).find(([key]) => key === "test end")![1];
    const { lossNats } = JSON.parse(trained) as { lossNats: number };
    const same = await run("eval", { ...base, split: "test", tgt_len: 8 });
    assertEquals(lossOf(same, "test").toFixed(3), lossNats.toFixed(3));
  });

  await t.step(
    "--clamp_len, --same_length, --mem_len and --compat change what is computed",
    async () => {
      const loss = lossOf(all, "test");
      for (
        const [flags, told] of [
          [{ clamp_len: 1 }, "mem_len 8 clamp_len 1\nsame_length false compat none"],
          [{ same_length: true }, "mem_len 8 clamp_len -1\nsame_length true compat none"],
          [{ mem_len: 0 }, "mem_len 0 clamp_len -1\nsame_length false compat none"],
          [{ compat: "2019" }, "mem_len 8 clamp_len -1\nsame_length false compat 2019"],
        ] as const
      ) {
        const stdout = await run("eval", { ...base, ...flags, split: "test" });
        assertStringIncludes(
          stdout,
          `Evaluating with: math fp32 type cpu bsz 2 tgt_len 4 ext_len 0 ${told}\n`,
        );
        assert(Number.isFinite(lossOf(stdout, "test")));
        assert(lossOf(stdout, "test") !== loss, told);
      }
    },
  );

  await t.step("--manual scores typed text, unknown words included", async () => {
    const stdout = await run("eval", {
      ...base,
      split: "test",
      manual: ["word1", "word10", "strange"],
    });
    assertStringIncludes(stdout, "bsz 1 tgt_len 4");
    assert(Number.isFinite(lossOf(stdout, "test")));
  });

  await t.step("--model scores any checkpoint, with a log line per interval", async () => {
    const model = `${work_dir}/checkpoint_last.safetensors`;
    const stdout = await run("eval", { ...base, model, split: "test", log_interval: 2 });
    assertMatch(stdout, /^\| step {8}2 \| batches {6}2 \/ \d+ \| ms\/batch +[\d.]+ \| tok/m);
    assertMatch(stdout, /^Time : \d+\.\d\ds, \d+\.\d\dms\/segment$/m);
  });

  await t.step(
    "a short text is scored whole with default lengths, which is said and logged",
    async () => {
      await Deno.remove(`${work_dir}/eval_log.log`);
      const stdout = await run("eval", { work_dir, device: "cpu", split: "test", log_interval: 1 });
      assertMatch(
        stdout,
        /^Default lengths are reduced to fit \d+ tokens: --batch_size 1 instead/m,
      );
      const said = /^test: (\d+) of (\d+) tokens scored; not scored: 1 first in a column/m.exec(
        stdout,
      );
      assertEquals(Number(said![1]), Number(said![2]) - 1);
      const log = (await Deno.readTextFile(`${work_dir}/eval_log.log`)).trimEnd().split("\n");
      assertEquals(log.map((line) => line.split(" - INFO - ")[1]).join("\n"), stdout.trimEnd());
      const records = (await Deno.readTextFile(`${work_dir}/eval_log.jsonl`)).trimEnd().split("\n")
        .map((line) => JSON.parse(line));
      assertEquals(records.map(({ kind }) => kind).filter((kind) => kind !== "log"), [
        "config",
        "environment",
        "result",
      ]);
      assert(records.length > 2);
      const { lossNats, tokens, coverage } = records.at(-1);
      assertEquals([tokens, coverage.tokens], [Number(said![1]), Number(said![2])]);
      assertEquals(lossNats.toFixed(3), lossOf(stdout, "test").toFixed(3));
      // Another evaluation appends its lines and replaces the records.
      await run("eval", { ...base, split: "valid" });
      const after = await Deno.readTextFile(`${work_dir}/eval_log.log`);
      assert(after.startsWith(`${log.join("\n")}\n`) && after.includes("| valid loss"));
      const kept = (await Deno.readTextFile(`${work_dir}/eval_log.jsonl`)).trimEnd().split("\n");
      assertEquals(kept.map((line) => JSON.parse(line).split).filter(Boolean).at(0), "valid");
      assertEquals(await Deno.readTextFile(`${work_dir}/train_log.jsonl`), trainLog);
      const silent = await run("eval", { ...base, split: "valid", debug: true });
      assertStringIncludes(silent, "--debug: no log files are written\n");
      assertEquals(await Deno.readTextFile(`${work_dir}/eval_log.log`), after);
    },
  );

  await t.step(
    "--model alone logs beside the checkpoint, or not at all where it cannot",
    async () => {
      const folder = scratch.at("models");
      await Deno.mkdir(`${folder}/eval_log.jsonl`, { recursive: true }); // in the way of the log
      await Deno.copyFile(`${work_dir}/checkpoint_best.safetensors`, `${folder}/model.safetensors`);
      const { work_dir: _, ...flags } = base;
      const model = `${folder}/model.safetensors`;
      const refused = await run("eval", { ...flags, model, split: "test" });
      assertMatch(refused, /^No log is written to ".*models": is a directory$/m);
      assertStringIncludes(refused, "| test loss");
      await Deno.remove(`${folder}/eval_log.jsonl`);
      await run("eval", { ...flags, model, split: "test" });
      assert((await Deno.stat(`${folder}/eval_log.jsonl`)).isFile);
    },
  );

  await t.step("without checkpoint_best the last one is scored, which is said", async () => {
    await Deno.remove(`${work_dir}/checkpoint_best.safetensors`);
    const stdout = await run("eval", { ...base, split: "test" });
    assertStringIncludes(
      stdout,
      `No checkpoint_best.safetensors in "${work_dir}": evaluating checkpoint_last.safetensors\n`,
    );
    await Deno.remove(`${work_dir}/checkpoint_last.safetensors`);
    const { code, stderr } = await callProgram("eval", base);
    assertEquals([code, stderr], [
      2,
      `error: Cannot evaluate "${work_dir}": it holds neither checkpoint_best.safetensors nor ` +
      "checkpoint_last.safetensors; give the --work_dir of a run, or --model FILE\n",
    ]);
  });
});
