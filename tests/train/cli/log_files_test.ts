/**
 * Names and prefixes of the logs of training.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "@transformer-xl/runtime";
import { checkTrainConfig } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import type { Flags } from "../../support/program.ts";
import { FOUR_STEPS, Scratch, smallConfig, wordText } from "../../support/small_run.ts";

const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;

/** Messages of a text log, each of whose lines has time, level and what `prefix` matches. */
async function messagesOf(path: string, prefix = ""): Promise<string[]> {
  const line = new RegExp(`^${TIME} - (INFO|WARNING) - ${prefix}(.*)$`);
  return (await Deno.readTextFile(path)).trimEnd().split("\n").map((text) => {
    assertMatch(text, line);
    return line.exec(text)![2]!;
  });
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.includes("log")
  )
    .sort();
}

Deno.test("--txtlog_file names the text log, in the work directory or elsewhere", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  for (const [run, name] of [["one", "lines.txt"], ["two", scratch.at("elsewhere.log")]] as const) {
    const work_dir = scratch.at(run);
    const flags = { ...FOUR_STEPS, data, work_dir, txtlog_file: name };
    const { code, stdout, stderr } = await callProgram("train", flags);
    assertEquals([code, stderr], [0, ""]);
    const path = name.startsWith("/") ? name : `${work_dir}/${name}`;
    assertEquals(await messagesOf(path), stdout.trimEnd().split("\n"));
    assertEquals(names(work_dir).filter((file) => file.endsWith(".log")), []);
  }
});

Deno.test("a text log that cannot be opened costs its lines, not the run", async () => {
  await using scratch = new Scratch();
  const { code, stdout, stderr } = await callProgram("train", {
    ...FOUR_STEPS,
    data: await scratch.text("text.txt", wordText(60)),
    work_dir: scratch.at("run"),
    txtlog_file: scratch.at("missing/lines.log"),
  });
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^warning: Cannot write to ".*missing\/lines\.log": [^\n]+; lines are missing there until it can be written to\n$/,
  );
  assertStringIncludes(stdout, "| End of training |");
});

Deno.test("--log_all_ranks gives every rank a file, and every line its rank", async () => {
  await using scratch = new Scratch();
  const work_dir = scratch.at("run");
  const { code, stdout, stderr } = await callProgram("train", {
    ...FOUR_STEPS,
    data: await scratch.text("text.txt", wordText(60)),
    work_dir,
    gpus: 2,
    log_all_ranks: true,
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(names(work_dir), [
    "train_log.json",
    "train_log.jsonl",
    "train_log_rank_0.log",
    "train_log_rank_1.jsonl",
    "train_log_rank_1.log",
  ]);
  const lines = stdout.trimEnd().split("\n");
  for (const rank of [0, 1]) {
    const messages = await messagesOf(`${work_dir}/train_log_rank_${rank}.log`, `${rank} - `);
    assertEquals(
      messages,
      lines.filter((line) => line.startsWith(`${rank}: `)).map((line) => line.slice(3)),
    );
    assert(messages.some((line) => /^\| epoch {3}1 step {8}2 \|/.test(line)));
  }
});

Deno.test("a log never replaces another file of the run", () => {
  const names = [
    "checkpoint_last.safetensors",
    "./checkpoint_9.safetensors",
    "train_log.jsonl",
    "run.lock",
    "report.html",
    "loss_curve.svg",
    "events.out.tfevents.1",
    "cache/text",
    ".",
    "/texts/my.txt",
  ];
  for (const txtlogFile of names) {
    assertThrows(
      () => checkTrainConfig(smallConfig({ txtlogFile, data: "/texts/my.txt" })),
      ConfigError,
      `Cannot log to --txtlog_file "${txtlogFile}": the run has another file of this name`,
    );
  }
  for (const dllogFile of ["train_log.log", "./train_log.log", "train_log_rank_1.log"]) {
    assertThrows(
      () => checkTrainConfig(smallConfig({ dllogFile })),
      ConfigError,
      `Cannot log to --dllog_file "${dllogFile}": it is the text log, --txtlog_file "train_log.log"`,
    );
  }
});

Deno.test("the JSON log names versions, machine and device, unless --no_env leaves them out", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const environments = async (work_dir: string, more: Flags) => {
    const { code, stderr } = await callProgram("train", { ...FOUR_STEPS, data, work_dir, ...more });
    assertEquals([code, stderr], [0, ""]);
    return (await Deno.readTextFile(`${work_dir}/train_log.jsonl`)).trimEnd().split("\n")
      .map((line) => JSON.parse(line)).filter(({ kind }) => kind === "environment");
  };
  assertEquals(await environments(scratch.at("with"), {}), [{
    kind: "environment",
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    target: Deno.build.target,
    cores: navigator.hardwareConcurrency,
    adapter: "CPU (WebAssembly)",
    device: "cpu",
    features: ["shader-f16"],
  }]);
  assertEquals(await environments(scratch.at("without"), { no_env: true }), []);
});
