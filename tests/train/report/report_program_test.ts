/**
 * Reports that training leaves in its folder, and `deno task report`.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError } from "@transformer-xl/runtime";
import { markOf } from "@transformer-xl/eval/page";
import { report } from "@transformer-xl/train/report";
import { callProgram } from "../../support/processes/called_program.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";
import { finishedRun } from "./run_logs.ts";

const short = {
  ...SMALL,
  n_layer: 1,
  device: "cpu",
  warmup_step: 0,
  max_step: 4,
  log_interval: 1,
  eval_interval: 2,
} as const;

/** Steps of the training loss in a page. */
function stepsOf(page: string): number[] {
  const [, data] = /id="data">(.*?)<\/script>/.exec(page)!;
  return JSON.parse(data!).runs[0].steps.step;
}

Deno.test("training reports on the whole run, goes on without its page, and again with it", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  await Deno.mkdir(`${work_dir}/report.html`, { recursive: true }); // in the way of the page
  const blocked = await callProgram("train", { ...short, data, work_dir });
  assertEquals([blocked.code, blocked.stderr], [0, ""]);
  const lines = blocked.stdout.match(/^.*report.*$/gm)!;
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /^Cannot write the report in ".*run": /);

  await Deno.remove(`${work_dir}/report.html`);
  const more = await callProgram("train", { restart: true, work_dir, max_step: 6, data });
  assertEquals([more.code, more.stderr], [0, ""]);
  const page = await Deno.readTextFile(`${work_dir}/report.html`);
  assertEquals(stepsOf(page), [1, 2, 3, 4, 5, 6]);
  assertStringIncludes(page, '<span class="state finished">');
  assertMatch(page, /6 of 6 steps · [\d:]+ · 2 starts/);
  assertStringIncludes(await Deno.readTextFile(`${work_dir}/loss_curve.svg`), "Loss of run");
  assertEquals([...Deno.readDirSync(work_dir)].filter(({ name }) => /\.tmp$/.test(name)), []);
});

Deno.test("deno task report writes the report of a run again, and compares runs", async () => {
  await using scratch = new Scratch();
  const folders = await Promise.all([0, 1].map(async (i) => {
    await Deno.mkdir(scratch.at(`run-${i}`));
    const records = finishedRun({ lr: i / 10 }, i / 10).map((record) => JSON.stringify(record));
    // A killed run leaves half a line.
    await scratch.text(`run-${i}/train_log.jsonl`, `${records.join("\n")}\n{"kind":"lo`);
    return scratch.at(`run-${i}`);
  }));
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  assertEquals(await report([folders[0]!], print), 0);
  assertEquals(
    printed,
    ["report.html", "loss_curve.svg"].map((n) => `written: "${folders[0]}/${n}"`),
  );
  assertEquals(stepsOf(await Deno.readTextFile(`${folders[0]}/report.html`)).length, 10);
  const to = scratch.at("both.html");
  for (let i = 0; i < 2; i++) assertEquals(await report([...folders, "--to", to], print), 0);
  const page = await Deno.readTextFile(to);
  assertStringIncludes(page, "Comparison of 2 runs");
  assertEquals(await report(["--to", to, ...folders, folders[0]!], print), 0); // in any order
  assertStringIncludes(await Deno.readTextFile(to), "Comparison of 3 runs");
  assert(page.includes(markOf("report")));

  const picture = scratch.at("both.svg");
  for (let i = 0; i < 2; i++) assertEquals(await report([...folders, "--to", picture], print), 0);
  const curves = await Deno.readTextFile(picture);
  assertStringIncludes(curves, "<title>Validation loss of run-0, run-1</title>");
  for (const name of ["run-0", "run-1"]) assertMatch(curves, new RegExp(`>\\d\\.\\d\\d ${name}<`));
  await report([folders[1]!, "--to", picture], print);
  assertStringIncludes(await Deno.readTextFile(picture), "<title>Loss of run-1</title>");
});

Deno.test("deno task report refuses what is no run, and replaces nothing but reports", async () => {
  await using scratch = new Scratch();
  const run = scratch.at("run");
  await Deno.mkdir(`${run}/sub`, { recursive: true });
  const refused = async (argv: string[], message: string) =>
    void await assertRejects(() => report(argv, () => {}), ConfigError, message);
  await refused([], "Cannot report: no folder is given; name the work directories of runs");
  await refused(["", run], 'Cannot report on "": it is empty; name the work directory of a run');
  await refused([scratch.at("none")], "there is no such folder; name the work directory of a run");
  await refused([run], "it has no train_log.jsonl; name the work directory of a run");
  const log = await scratch.text("run/train_log.jsonl", "{}\n");
  await refused([log], "it is a file; name the work directory of a run");
  await refused([run], "its train_log.jsonl has no settings of a run");
  await scratch.text("run/train_log.jsonl", `${JSON.stringify(finishedRun()[0])}\n`);
  const text = await scratch.text("letter.html", "my own page");
  await refused([run, "--to", text], "it is a file, and no report; give another name with --to");
  const drawing = await scratch.text("drawing.svg", "my own page");
  await refused(
    [run, "--to", drawing],
    "it is a file, and no picture; give another name with --to",
  );
  await refused([run, "--to", `${run}/sub`], "it is a folder; give --to the name of a file");
  await refused([run, "--to", scratch.at("no/page.html")], "there is no folder");
  await refused([run, "--too", text], "--too");
  assertEquals(await Deno.readTextFile(text), "my own page");
});
