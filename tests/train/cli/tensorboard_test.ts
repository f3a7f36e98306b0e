/**
 * Event files of training: their numbers are those of the JSON log.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, eventFilesIn, ReferenceDevice, TextLog } from "@transformer-xl/runtime";
import { checkTrainConfig, modelOf, RunOutputs } from "@transformer-xl/train";
import { callProgram } from "../../support/processes/called_program.ts";
import { inside, textIn } from "../../support/protobuf/decode.ts";
import { readEvents, scalarsOf } from "../../support/protobuf/event_file.ts";
import type { Flags } from "../../support/program.ts";
import {
  FOUR_STEPS,
  Scratch,
  smallConfig,
  smallCorpus,
  wordText,
} from "../../support/small_run.ts";

const short = { ...FOUR_STEPS, tensorboard: true } as const;

interface LogRecord {
  readonly kind: string;
  readonly step: number;
  readonly lr: number;
  readonly tokensPerSecond: number;
  readonly lossNats: number;
  readonly metrics: readonly { readonly gradientNorm: number }[];
}

async function logOf(workDir: string): Promise<LogRecord[]> {
  const text = await Deno.readTextFile(`${workDir}/train_log.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("--tensorboard writes losses, rates and the configuration, and a restart adds a file", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const run = async (flags: Flags) => {
    const { code, stderr } = await callProgram("train", { work_dir, ...flags });
    assertEquals([code, stderr], [0, ""]);
    return eventFilesIn(work_dir).map((name) => `${work_dir}/${name}`);
  };
  const [first] = await run({ ...short, data });
  const events = await readEvents(first!);
  const log = await logOf(work_dir);
  const of = (kind: string) => log.filter((record) => record.kind === kind);
  const points = (kind: string, value: (record: LogRecord) => number) =>
    of(kind).map((record) => [record.step, Math.fround(value(record))]);
  assertEquals(points("log", ({ step }) => step), [[2, 2], [4, 4]]);
  assertEquals(scalarsOf(events, "train/loss"), points("log", ({ lossNats }) => lossNats));
  assertEquals(
    scalarsOf(events, "train/perplexity"),
    points("log", ({ lossNats }) => Math.exp(lossNats)),
  );
  assertEquals(scalarsOf(events, "train/learning_rate"), points("log", ({ lr }) => lr));
  assertEquals(
    scalarsOf(events, "train/tokens_per_second"),
    points("log", ({ tokensPerSecond }) => tokensPerSecond),
  );
  assertEquals(
    scalarsOf(events, "train/gradient_norm"),
    points(
      "log",
      ({ metrics }) =>
        metrics.reduce((sum, { gradientNorm }) => sum + gradientNorm, 0) / metrics.length,
    ),
  );
  assertEquals(scalarsOf(events, "train/loss_scale"), [[2, 1], [4, 1]]);
  assertEquals(scalarsOf(events, "valid/loss"), points("eval", ({ lossNats }) => lossNats));
  assertEquals(scalarsOf(events, "test/loss"), [[4, Math.fround(of("test")[0]!.lossNats)]]);
  const settings = events.map(({ values }) => values.configuration)
    .find((value) => value !== undefined);
  assert(typeof settings === "object");
  assertStringIncludes(textIn(inside(settings, 8), 8)!, "\n| n_layer | 2 |\n");
  const tags = events.flatMap(({ values }) => Object.keys(values));
  assert(tags.includes("_hparams_/session_end_info"));

  const [same, second] = await run({ data, restart: true, max_step: 6 });
  assertEquals(same, first);
  const continued = await readEvents(second!);
  assertEquals(continued.find(({ session }) => session === 1)?.step, 5);
  assertEquals(scalarsOf(continued, "train/loss").map(([step]) => step), [6]);

  const replaced = await run({ ...short, data, overwrite: true });
  assertEquals(replaced.length, 1);
  assert(replaced[0] !== first && replaced[0] !== second);
});

Deno.test("the first of several processes writes event files, and only with --tensorboard", async () => {
  await using scratch = new Scratch();
  const corpus = await smallCorpus();
  const filesOf = async (rank: number, tensorboard: boolean) => {
    const config = smallConfig({ tensorboard, workDir: scratch.at(`${rank}${tensorboard}`) });
    await Deno.mkdir(config.workDir);
    const model = modelOf(config, corpus.vocabulary.size, []);
    const device = new ReferenceDevice({ precision: "f32" }).info;
    using text = new TextLog({ console: false });
    const facts = { config, model, parameters: 1, corpus, device, step: 0 };
    await using _outputs = await RunOutputs.open(facts, { rank, text });
    return eventFilesIn(config.workDir).length;
  };
  assertEquals(await filesOf(0, true), 1);
  assertEquals(await filesOf(1, true), 0);
  assertEquals(await filesOf(0, false), 0);
});

Deno.test("event files need a work directory to write to", () => {
  assertThrows(
    () => checkTrainConfig(smallConfig({ tensorboard: true, debug: true })),
    ConfigError,
    "Cannot write event files with --tensorboard and --debug: no files are written; leave one of them out",
  );
});
