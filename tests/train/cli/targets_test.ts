/**
 * Targets of perplexity and throughput: lines, exit codes, and targets that cannot be compared.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { compareTargets, targetLines } from "@transformer-xl/eval";
import { ConfigError } from "@transformer-xl/runtime";
import { checkTrainConfig, type TrainConfig } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { recordsOf, Scratch, SMALL, smallConfig, wordText } from "../../support/small_run.ts";

const short = { ...SMALL, device: "cpu", max_step: 10, eval_interval: 5, log_interval: 1 } as const;

/** The last lines of a run: those about its targets. */
function verdictOf(stdout: string): string[] {
  return stdout.split("\n").filter((line) => /^(Perplexity|Throughput) /.test(line));
}

async function run(flags: Flags) {
  const { code, stdout, stderr } = await callProgram("train", flags);
  assertEquals(stderr, "");
  return { code, stdout, verdict: verdictOf(stdout) };
}

Deno.test("targets are compared before rounding, and a value on the target passes", () => {
  const verdict = (lossNats: number | undefined, tokensPerSecond: number | undefined) =>
    compareTargets(
      { lossNats, tokensPerSecond },
      { targetPerplexity: 20, targetThroughput: 1000 },
    );
  const on = verdict(Math.log(20) - 1e-12, 1000);
  assertEquals(on.map(({ passed }) => passed), [true, true]);
  assertEquals(on.flatMap(targetLines), [
    "Perplexity achieved: 20.00 target: 20.00",
    "Perplexity test passed",
    "Throughput achieved: 1000.00 target: 1000.00",
    "Throughput test passed",
  ]);
  assertEquals(verdict(Math.log(20.001), 999.999).flatMap(targetLines), [
    "Perplexity achieved: 20.00 target: 20.00",
    "Perplexity test failed",
    "Throughput achieved: 1000.00 target: 1000.00",
    "Throughput test failed",
  ]);
  assertEquals(verdict(undefined, undefined).flatMap(targetLines), [
    "Perplexity not measured, target: 20.00",
    "Perplexity test failed",
    "Throughput not measured, target: 1000.00",
    "Throughput test failed",
  ]);
  assertEquals(verdict(NaN, NaN).map(({ passed }) => passed), [false, false]);
  const none = { targetPerplexity: null, targetThroughput: null };
  assertEquals(compareTargets({ lossNats: 1, tokensPerSecond: 1 }, none), []);
});

Deno.test("training exits with 0 when its targets are reached and with 1 when one is missed", async (t) => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");

  await t.step("reached: the best validation and the throughput of the summary", async () => {
    const { code, stdout, verdict } = await run({
      ...short,
      data,
      work_dir,
      target_perplexity: 1e6,
      target_throughput: 1,
    });
    const losses = (await recordsOf(work_dir)).filter(([key]) => key.startsWith("eval"))
      .map(([, record]) => (JSON.parse(record) as { lossNats: number }).lossNats);
    assertEquals(losses.length, 2);
    const best = Math.exp(Math.min(...losses)).toFixed(2);
    const speed = /^Training throughput: ([\d.]+) tok\/s$/m.exec(stdout)![1]!;
    const lines = [
      `Perplexity achieved: ${best} target: 1000000.00`,
      "Perplexity test passed",
      `Throughput achieved: ${speed} target: 1.00`,
      "Throughput test passed",
    ];
    assertEquals([code, verdict], [0, lines]);
    assert(stdout.endsWith(lines.join("\n")), stdout);
  });

  await t.step("missed: the lines say which, the files are complete", async () => {
    const { code, verdict } = await run({
      ...short,
      data,
      work_dir,
      overwrite: true,
      target_perplexity: 1.5,
      target_throughput: 1,
    });
    assertEquals([code, verdict[1], verdict[3]], [
      1,
      "Perplexity test failed",
      "Throughput test passed",
    ]);
    const records = (await recordsOf(work_dir)).slice(-2).map(([, text]) => JSON.parse(text));
    assertEquals(records.map(({ name, passed }) => [name, passed]), [
      ["Perplexity", false],
      ["Throughput", true],
    ]);
    assert((await Deno.stat(`${work_dir}/checkpoint_last.safetensors`)).isFile);
  });

  await t.step("not measured: a resumed run without a log line misses its throughput", async () => {
    const { code, verdict } = await run({
      work_dir,
      restart: true,
      max_step: 12,
      log_interval: 7,
      device: "cpu",
      target_perplexity: 1e6,
    });
    assertEquals([code, verdict.slice(1)], [1, [
      "Perplexity test passed",
      "Throughput not measured, target: 1.00",
      "Throughput test failed",
    ]]);
  });
});

Deno.test("two processes exit with 1 for a missed target, print it once and report no error", async () => {
  await using scratch = new Scratch();
  const { code, verdict } = await run({
    ...short,
    batch_chunk: 1,
    data: await scratch.text("text.txt", wordText(60)),
    work_dir: scratch.at("run"),
    gpus: 2,
    target_throughput: 1e12,
  });
  assertEquals([code, verdict.length, verdict[1]], [1, 2, "Throughput test failed"]);
});

Deno.test("targets that the settings leave unmeasured are rejected at the start", () => {
  const reject = (settings: Partial<TrainConfig>, message: string) => {
    const { message: said } = assertThrows(
      () => checkTrainConfig(smallConfig(settings)),
      ConfigError,
    );
    assertStringIncludes(said, message);
  };
  reject(
    { targetPerplexity: 20, noEval: true },
    "Cannot compare --target_perplexity 20: --no_eval skips validation; leave one of them out",
  );
  reject(
    { targetPerplexity: 20, compat: "2019", maxStep: 5, evalInterval: 6 },
    "--eval_interval 6 is more than --max_step 5; lower it",
  );
  reject(
    { targetThroughput: 9, maxStep: 5, logInterval: 6 },
    "Cannot compare --target_throughput 9: it is measured between log lines, and --log_interval 6",
  );
  checkTrainConfig(smallConfig({ targetPerplexity: 20, maxStep: 5, evalInterval: 6 }));
});
