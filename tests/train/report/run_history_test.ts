import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Thinned } from "@transformer-xl/train/report";
import { evalRecord, finishedRun, historyFrom, logRecord, startRecords } from "./run_logs.ts";

Deno.test("a history has series over steps, tokens and time, the best validation and the end", () => {
  const history = historyFrom(finishedRun());
  assertEquals(history.steps.map(({ step }) => step), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  assertEquals(history.steps.at(-1)!.tokens, 100 * 5000 * 0.02);
  assertEquals(history.elapsedMs, 100 * 20 + 2 * 500);
  assertEquals(history.best, { step: 100, tokens: 10_000, elapsedMs: 3000, lossNats: 3.4 });
  assertEquals([history.testNats, history.isFinished, history.step], [3.5, true, 100]);
});

Deno.test("steps that a restart repeats replace those of the run before", () => {
  const killed = [...startRecords(), logRecord(10, 5), logRecord(20, 4), evalRecord(20, 3)];
  const lost = [logRecord(30, 9), logRecord(40, 9), evalRecord(40, 1)];
  const again = [...startRecords({}, 20), logRecord(35, 3.5), evalRecord(40, 2.5)];
  const history = historyFrom([...killed, ...lost, ...again]);
  assertEquals(history.steps.map(({ step, lossNats }) => [step, lossNats]), [
    [10, 5],
    [20, 4],
    [35, 3.5],
  ]);
  assertEquals(history.validations.map(({ step }) => step), [20, 40]);
  assertEquals([history.best?.lossNats, history.starts], [2.5, 2]);
  assertEquals(history.elapsedMs, 35 * 20 + 2 * 500);
});

Deno.test("skipped updates are counted and have no gradient norm; numbers may be NaN", () => {
  const metrics = [
    { lossNats: 5, gradientNorm: "Infinity", applied: false, lossScale: 512 },
    { lossNats: 5, gradientNorm: 0.25, applied: true, lossScale: 512 },
  ];
  const nan = { metrics: [], lossNats: "NaN", lr: "NaN" };
  const history = historyFrom([
    ...startRecords(),
    logRecord(2, 5, { metrics }),
    logRecord(4, 5, nan),
    { kind: "log" },
    { kind: "unknown", step: 9 },
  ]);
  const [first, second] = history.steps;
  assertEquals([first!.gradientNorm, first!.lossScale, history.skipped], [0.25, 512, 1]);
  assert(Number.isNaN(second!.lossNats) && Number.isNaN(second!.lr));
  assertEquals(history.steps.length, 2);
});

Deno.test("a long run keeps points over its whole length, and their means", () => {
  const lines = 20_000;
  const logs = Array.from({ length: lines }, (_, i) => logRecord(10 * i + 10, i));
  const history = historyFrom([...startRecords(), ...logs]);
  const { steps } = history;
  assert(steps.length >= 600 && steps.length <= 1200, `${steps.length} points`);
  assertEquals(steps.reduce((sum, point) => sum + point.steps, 0), 10 * lines);
  assertEquals(steps.at(-1)!.step, 10 * lines);
  const mean = steps.reduce((sum, point) => sum + point.lossNats * point.steps, 0) / (10 * lines);
  assertAlmostEquals(mean, (lines - 1) / 2, 1e-6);
  const widths = new Set(steps.slice(0, -1).map((point) => point.steps));
  assertEquals(widths.size, 1);
});

Deno.test("items are removed from the end of a thinned series", () => {
  const series = new Thinned<number>(4, (_, later) => later);
  for (let i = 1; i <= 21; i++) series.add(i);
  series.dropLastWhile((item) => item > 10);
  assertEquals(series.items, [4, 8]);
  assertEquals(series.last, 8);
  series.add(9);
  assertEquals(series.last, 9);
});
