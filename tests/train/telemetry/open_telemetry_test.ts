/**
 * Traces and metrics of training, as a collector receives them.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openTelemetry } from "@transformer-xl/train/report";
import { readSourceFiles } from "../../repository/rules/source_tree.ts";
import { attributesOf, Collector, type ReceivedSpan } from "../../support/processes/collector.ts";
import { type Flags, runProgram } from "../../support/program.ts";
import { FOUR_STEPS, Scratch, SMALL, smallConfig, wordText } from "../../support/small_run.ts";

const short = { ...FOUR_STEPS, quiet: true } as const;

interface LogRecord {
  readonly kind: string;
  readonly lossNats: number;
  readonly lr: number;
  readonly tokensPerSecond: number;
}

Deno.test("a collector receives the spans and metrics of a run, with the numbers of its log", async () => {
  await using scratch = new Scratch();
  await using collector = new Collector("transformer-xl");
  const data = await scratch.text("text.txt", wordText(60));
  const flags: Flags = { ...short, data, work_dir: scratch.at("run") };
  const beganMs = Date.now();
  const { code, stderr } = await runProgram("train", flags, collector.env);
  assertEquals([code, stderr], [0, ""]);
  const log = (await Deno.readTextFile(scratch.at("run/train_log.jsonl"))).trimEnd().split("\n")
    .map((line) => JSON.parse(line) as LogRecord);
  const last = (kind: string) => log.findLast((record) => record.kind === kind)!;

  const [run, ...others] = collector.spans.filter(({ name }) => name === "train");
  assert(run !== undefined);
  assertEquals([others.length, run.parentSpanId, run.status.code], [0, "", 0]);
  const inside = (parent: ReceivedSpan) =>
    collector.spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);
  const names = inside(run).map(({ name }) => name);
  assertEquals(names, ["start-up", "steps", "steps", "evaluation", "checkpoint", "evaluation"]);
  const [startUp, , steps, valid, checkpoint, test] = inside(run);
  assertEquals(
    inside(startUp!).map(({ name }) => name),
    ["program", "settings", "text", "device", "dry plan", "model and plans", "first step"],
  );
  for (const span of collector.spans) {
    assertEquals(span.traceId, run.traceId);
    const [from, to] = [span, run].map((each) => BigInt(each.startTimeUnixNano));
    assert(from! >= to! - 1_000_000n && BigInt(span.endTimeUnixNano) >= from!, span.name);
    assert(BigInt(span.endTimeUnixNano) <= BigInt(run.endTimeUnixNano) + 1_000_000n, span.name);
  }
  assert(Math.abs(Number(run.startTimeUnixNano) / 1e6 - beganMs) < 60_000);

  const attribute = (span: ReceivedSpan | undefined, name: string) =>
    attributesOf(span!)[`transformer_xl.${name}`];
  assertEquals(attribute(run, "config.n_layer"), 2);
  assertEquals(attribute(run, "last_step"), 4);
  assertEquals(attribute(run, "test_loss"), last("test").lossNats);
  assertEquals(attribute(steps, "step"), 4);
  assertEquals(attribute(steps, "loss"), last("log").lossNats);
  assertEquals([valid, test].map((span) => attribute(span, "split")), ["valid", "test"]);
  assertEquals(attribute(valid, "loss"), last("eval").lossNats);
  const { size } = await Deno.stat(scratch.at("run/checkpoint_last.safetensors"));
  assertEquals(attribute(checkpoint, "checkpoint.size"), size);

  const metric = (name: string) => collector.metrics.get(`transformer_xl.${name}`)!;
  const value = (name: string) => {
    const { asDouble, asInt } = metric(name).points[0]!;
    return asDouble ?? Number(asInt);
  };
  assertEquals([metric("steps").kind, metric("steps").unit, value("steps")], ["sum", "{step}", 4]);
  assertEquals(value("tokens"), 4 * SMALL.batch_size * SMALL.tgt_len);
  assertEquals(value("skipped_updates"), 0);
  assertEquals(value("learning_rate"), last("log").lr);
  assertEquals(metric("throughput").unit, "{token}/s");
  assertEquals(value("throughput"), last("log").tokensPerSecond);
  assert(value("gradient_norm") > 0);
  assertEquals(
    Object.fromEntries(
      metric("loss").points.map((point) => [
        attributesOf(point)["transformer_xl.split"],
        point.asDouble,
      ]),
    ),
    Object.fromEntries(
      [["train", "log"], ["valid", "eval"], ["test", "test"]].map(([split, kind]) => [
        split,
        last(kind!).lossNats,
      ]),
    ),
  );
  const durations = metric("evaluation.duration");
  assertEquals([durations.kind, durations.unit], ["histogram", "s"]);
  assertEquals(durations.points.map(({ count }) => Number(count)), [1, 1]);

  const lengths = { device: "cpu", batch_size: 2, tgt_len: 8, mem_len: 8, split: "test" } as const;
  const scored = { ...lengths, work_dir: scratch.at("run"), debug: true, quiet: true } as const;
  const evaluated = await runProgram("eval", scored, collector.env);
  assertEquals([evaluated.code, evaluated.stderr], [0, ""]);
  const evaluation = collector.spans.find(({ name }) => name === "eval")!;
  const [start, result, ...more] = inside(evaluation);
  assertEquals([start?.name, result?.name, more.length], ["start-up", "evaluation", 0]);
  assertEquals(attribute(result, "split"), "test");
  assertEquals(value("loss"), attribute(result, "loss"));
  assertStringIncludes(String(attribute(evaluation, "checkpoint")), "checkpoint_best.safetensors");
});

Deno.test("what ends a run is an error of its span", async () => {
  await using scratch = new Scratch();
  await using collector = new Collector("transformer-xl");
  const data = await scratch.text("text.txt", wordText(60));
  const wild = { lr: 1e30, max_step: 1, no_eval: true } as const;
  const flags: Flags = { ...short, ...wild, data, work_dir: scratch.at("run") };
  const { code, stderr } = await runProgram("train", flags, collector.env);
  assertEquals(code, 2);
  const run = collector.spans.find(({ name }) => name === "train");
  assertEquals(run?.status.code, 2);
  assertStringIncludes(stderr, run!.status.message);
  assertEquals(run!.events.map(({ name }) => name), ["exception"]);
});

Deno.test("the package of OpenTelemetry is loaded where telemetry is on, and only there", async () => {
  const users = readSourceFiles().filter(({ path }) => !path.startsWith("tests/"))
    .filter(({ text }) => text.includes('"@opentelemetry/api"'));
  assertEquals(users.map(({ path }) => path), ["runtime/logs/telemetry/run_trace.ts"]);
  const values = users[0]!.text.replaceAll(/^import type [\s\S]*?;$/gm, "")
    .replaceAll('typeof import("@opentelemetry/api")', "");
  assertEquals(values.split('"@opentelemetry/api"').length, 2);
  assertStringIncludes(values, 'await import("@opentelemetry/api")');
  const start = { config: smallConfig(), parameters: 1, adapter: "an adapter", step: 0 };
  assertEquals(await openTelemetry(start), undefined);
});
