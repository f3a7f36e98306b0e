/**
 * `--quiet` and `--verbose` of training, evaluation and generation.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TextLog } from "@transformer-xl/runtime";
import { type CalledName, callProgram } from "../../support/processes/called_program.ts";
import { printedBy } from "../../support/processes/printed.ts";
import type { Flags } from "../../support/program.ts";
import { FOUR_STEPS, Scratch, wordText } from "../../support/small_run.ts";

const scored = { device: "cpu", batch_size: 2, tgt_len: 8, mem_len: 8 } as const;

/** What a program called in this process prints, as lines. */
async function linesOf(name: CalledName, flags: Flags): Promise<string[]> {
  let own = "";
  const printed = await printedBy(async () => {
    const { code, stdout, stderr } = await callProgram(name, flags);
    assertEquals(code, 0, stderr);
    own = [stdout, stderr].filter((text) => text !== "").map((text) => `${text}\n`).join("");
  });
  return (own + printed.stdout + printed.stderr).trimEnd().split("\n");
}

Deno.test("--quiet prints the results of training alone, --verbose its details; the log has all lines", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const run = (work_dir: string, flags: Flags) =>
    linesOf("train", { ...FOUR_STEPS, data, work_dir: scratch.at(work_dir), ...flags });
  const logOf = async (work_dir: string) =>
    (await Deno.readTextFile(scratch.at(`${work_dir}/train_log.log`))).trimEnd().split("\n");

  const quiet = await run("quiet", { quiet: true, mom: 0.5 });
  const rule = "=".repeat(100);
  assertEquals(quiet.filter((line) => /^warning: --mom 0.5 has no effect/.test(line)).length, 1);
  assertEquals(
    quiet.slice(1).map((line) => line.replace(/\d.*$/, "")),
    [rule, "| End of training | test time:  ", rule, "Training time: ", "Training throughput: "],
  );
  const untested = await run("untested", { quiet: true, no_test: true });
  assertMatch(untested[1]!, /^\| Eval {3}1 at step {8}4 \| .* valid loss /);
  assertEquals(untested.length, 5);
  const log = await logOf("quiet");
  assert(log.some((line) => / - INFO - \| epoch {3}1 step {8}4 \|/.test(line)));
  assert(log.some((line) => / - WARNING - warning: --mom 0.5/.test(line)));
  assert(!log.some((line) => / - DEBUG - /.test(line)));

  const verbose = (await run("verbose", { verbose: true })).join("\n");
  for (
    const detail of [
      `\nenvironment\n    - deno : ${Deno.version.deno}\n`,
      "\nplans of a step\n    - gradients 0 : ",
      "\nallocated device memory = ",
      "\n    - first step : ",
      "\n    - gradient norm ",
      "\ncheckpoint of step 4 : ",
    ]
  ) assertStringIncludes(verbose, detail);
  assertMatch(verbose, /^start-up = \d+ ms$/m);
  assertMatch(verbose, /^checkpoint of step 4 : \d+\.\d KiB in \d+ ms, ".*last\.safetensors"$/m);
  assertMatch(verbose, /^ {4}- \d+ tokens scored, \d+ tok\/s$/m);
  const details = await logOf("verbose");
  assert(details.some((line) => / - DEBUG - checkpoint of step 4 : /.test(line)));

  // A checkpoint of a quiet run does not make the next start quiet.
  const restarted = await linesOf("train", {
    ...{ restart: true, work_dir: scratch.at("quiet"), max_step: 6 },
  });
  assert(restarted.some((line) => line.startsWith("Continuing from")));

  const scores = { ...scored, work_dir: scratch.at("quiet"), debug: true } as const;
  const results = await linesOf("eval", { ...scores, split: "test", quiet: true });
  assertEquals(results.map((line) => line.split(" ")[0]), ["Time", rule, "|", rule, "test:"]);
  const evaluated = (await linesOf("eval", { ...scores, verbose: true })).join("\n");
  assertStringIncludes(evaluated, "\nallocated device memory = ");
  assertMatch(evaluated, /^ {4}- \d+ tokens scored, \d+ tok\/s$/m);

  const place = { work_dir: scratch.at("quiet"), device: "cpu" } as const;
  const prompt = { ...place, generate: true, length: 3, seed: 1 } as const;
  const text = await linesOf("eval", { ...prompt, quiet: true });
  assertEquals(text.length, 1);
  const told = await linesOf("eval", { ...prompt, verbose: true });
  assert(told.includes(text[0]!));
  assert(told.includes("environment"));
});

Deno.test("--quiet and --verbose exclude each other", async () => {
  const both = { quiet: true, verbose: true } as const;
  for (
    const [name, flags] of [["train", {}], ["eval", {}], ["eval", { generate: true }]] as const
  ) {
    assertEquals(await callProgram(name, { ...both, ...flags }), {
      code: 2,
      stdout: "",
      stderr:
        "error: Cannot print with --quiet and --verbose at once: one is less, the other is more; " +
        "leave one of them out\n",
    });
  }
});

Deno.test("a quiet plan is printed without its settings", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const lines = await linesOf("train", {
    ...{ ...FOUR_STEPS, data, dry_run: true, quiet: true, work_dir: scratch.at("run") },
  });
  assertMatch(lines[0]!, /^#params = \d+$/);
  assertMatch(lines.at(-1)!, /^kB moved per token = /);
});

Deno.test("a log prints warnings and results when quiet, and details when verbose", async () => {
  await using scratch = new Scratch();
  const printed = async (verbosity: "quiet" | "normal" | "verbose") => {
    let screen = "";
    const path = scratch.at(verbosity);
    {
      using log = new TextLog({ path, verbosity, console: (text) => void (screen += text) });
      log.write("message");
      log.write("problem", "WARNING");
      log.result("result");
      log.detail("detail");
    }
    const levels = (await Deno.readTextFile(path)).trimEnd().split("\n")
      .map((line) => line.slice(22));
    return [screen.trimEnd().split("\n"), levels];
  };
  const levels = ["INFO - message", "WARNING - problem", "INFO - result"];
  assertEquals(await printed("quiet"), [["problem", "result"], levels]);
  assertEquals(await printed("normal"), [["message", "problem", "result"], levels]);
  assertEquals(await printed("verbose"), [
    ["message", "problem", "result", "detail"],
    [...levels, "DEBUG - detail"],
  ]);
});
