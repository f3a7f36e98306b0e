/**
 * Logs, records for DLLogger and targets of evaluation.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DllLog } from "@transformer-xl/runtime";
import { EvalDllRecords } from "@transformer-xl/eval";
import { dllContents, dllLines } from "../support/dll_lines.ts";
import { callProgram } from "../support/processes/called_program.ts";
import { type Flags, runProgram } from "../support/program.ts";
import { Scratch, SMALL, wordText } from "../support/small_run.ts";

Deno.test("records of evaluation: a line per interval, and summaries with latencies on request", async () => {
  await using scratch = new Scratch();
  using log = new DllLog(scratch.at("log.json"));
  const records = new EvalDllRecords(log);
  records.begin({ batch_size: 2 });
  records.segments({ step: 10, lossNats: 1, msPerBatch: 5, tokensPerSecond: 200 });
  const latency = {
    tokensPerSecond: 300,
    meanMs: 4,
    percentilesMs: new Map([[90, 4.5], [99.9, 6]]),
  };
  records.result({ split: undefined, lossNats: 2, latency });
  records.result({ split: "valid", lossNats: 3, latency: undefined });
  const { units, records: written } = dllContents(await dllLines(scratch.at("log.json")));
  assertEquals(written, [
    ["PARAMETER", { batch_size: 2 }],
    [[10], {
      eval_latency: 5,
      eval_throughput: 200,
      eval_loss: 1,
      eval_perplexity: Math.exp(1),
    }],
    [[], {
      eval_loss: 2,
      eval_ppl: Math.exp(2),
      eval_throughput: 300,
      eval_avg_latency: 4,
      "eval_90%_latency": 4.5,
      "eval_99.9%_latency": 6,
    }],
    [[], { eval_split: "valid", eval_loss: 3, eval_ppl: Math.exp(3) }],
  ]);
  assertEquals([units.eval_throughput, units.eval_latency, units.eval_loss], [
    "tokens/s",
    "ms",
    null,
  ]);
});

async function run(program: "train" | "eval", flags: Flags) {
  const { code, stdout, stderr } = await callProgram(program, flags);
  assertEquals(stderr, "");
  return { code, stdout };
}

Deno.test("evaluation compares with its targets, names its logs by rank, and writes records", async (t) => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const short = {
    ...SMALL,
    device: "cpu",
    max_step: 4,
    eval_interval: 4,
    log_interval: 4,
  } as const;
  await run("train", { ...short, data, work_dir });
  const base = {
    work_dir,
    device: "cpu",
    batch_size: 2,
    tgt_len: 4,
    mem_len: 4,
    log_interval: 2,
  } as const;

  await t.step("reached: the last split, the perplexity of its result", async () => {
    const targets = { target_perplexity: 1e6, target_throughput: 1 } as const;
    const { code, stdout } = await run("eval", { ...base, ...targets });
    const [, ppl] = /\| test ppl +([\d.]+) /.exec(stdout)!;
    const verdict = stdout.slice(stdout.indexOf("Perplexity achieved"));
    assertMatch(
      verdict,
      /^Perplexity achieved: [\d.]+ target: 1000000\.00\nPerplexity test passed\nThroughput achieved: [\d.]+ target: 1\.00\nThroughput test passed$/,
    );
    assertStringIncludes(verdict, `achieved: ${Number(ppl).toFixed(2)} target`);
    assertEquals(code, 0);
  });

  await t.step("missed: exit code 1 in two processes, with the lines once", async () => {
    const { code, stdout } = await run("eval", {
      ...base,
      gpus: 2,
      split: "valid",
      target_perplexity: 1.5,
      target_throughput: 1e12,
    });
    assertEquals(code, 1);
    assertEquals(stdout.match(/^\w+ test (passed|failed)$/gm), [
      "Perplexity test failed",
      "Throughput test failed",
    ]);
  });

  await t.step("a throughput of segments that only warm up is refused", async () => {
    const flags = { ...base, max_size: 2, target_throughput: 1 };
    const { code, stderr } = await callProgram("eval", flags);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: Cannot measure 2 segments of the valid text: the first 3 warm up/);
  });

  await t.step("records: those of the last evaluation, or of a named file", async () => {
    await run("eval", { ...base, split: "test" });
    const { records } = dllContents(await dllLines(`${work_dir}/eval_log.json`));
    assertEquals(records[0]![1].tgt_len, 4);
    assertEquals(records.slice(1).map(([step]) => step).slice(0, 2), [[2], [4]]);
    assertEquals(records.at(-1)![0], []);
    const result = (await Deno.readTextFile(`${work_dir}/eval_log.jsonl`)).trimEnd().split("\n")
      .map((line) => JSON.parse(line)).find(({ kind }) => kind === "result");
    assertEquals(records.at(-1)![1], {
      eval_loss: result.lossNats,
      eval_ppl: Math.exp(result.lossNats),
    });
    await run("eval", { ...base, dllog_file: scratch.at("records.json") });
    const named = dllContents(await dllLines(scratch.at("records.json"))).records;
    const splits = named.filter(([step]) => step.length === 0).map(([, data]) => data.eval_split);
    assertEquals(splits, ["valid", "test"]);
  });

  await t.step("a device that is refused leaves the logs of the evaluation before", async () => {
    const logs = () =>
      Promise.all(
        ["log", "jsonl", "json"].map((end) => Deno.readTextFile(`${work_dir}/eval_log.${end}`)),
      );
    const before = await logs();
    const env = { TXL_DAWN: scratch.at("dawn.node") };
    const flags = { ...base, device: "gpu", webgpu: "dawn" };
    const { code, stderr } = await runProgram("eval", flags, env);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, /^error: Cannot load Dawn /);
    assertEquals(await logs(), before);
  });

  await t.step("--log_all_ranks gives every rank a file, and every line its rank", async () => {
    const { stdout } = await run("eval", { ...base, gpus: 2, split: "test", log_all_ranks: true });
    const shown = stdout.split("\n");
    for (const rank of [0, 1]) {
      const log = (await Deno.readTextFile(`${work_dir}/eval_log_rank_${rank}.log`)).trimEnd();
      const messages = log.split("\n").map((line) => {
        const [, message] = new RegExp(
          `^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d - INFO - ${rank} - (.*)$`,
        ).exec(line)!;
        return message!;
      });
      const lines = shown.filter((line) => line.startsWith(`${rank}: `));
      assert(lines.some((line) => line.includes("| test loss")));
      assertEquals(messages.slice(-lines.length), lines.map((line) => line.slice(3)));
    }
    assert((await Deno.stat(`${work_dir}/eval_log_rank_1.jsonl`)).isFile);
  });

  await t.step("records never replace a checkpoint or the text log", async () => {
    for (const dllog_file of ["checkpoint_best.safetensors", "eval_log.log", data]) {
      const { code, stderr } = await callProgram("eval", { ...base, data, dllog_file });
      assertMatch(stderr, /^error: Cannot log to --dllog_file "[^"]+": [^\n]+\n$/);
      assertEquals(code, 2);
    }
  });
});
