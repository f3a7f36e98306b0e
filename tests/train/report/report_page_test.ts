/**
 * Pages of reports, as text and in a browser.
 *
 * @module
 */
import { loadUplot } from "@transformer-xl/eval/page";
import {
  comparedCurves,
  comparisonPage,
  lossCurve,
  type NamedRun,
  runCurve,
  runPage,
} from "@transformer-xl/train/report";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertDrawn, shownText } from "../../support/pages/drawn_page.ts";
import { isMissing } from "../../support/optional_program.ts";
import { finishedRun, historyFrom, logRecord, startRecords } from "./run_logs.ts";

const facts = { writtenAt: new Date(2026, 0, 2, 3, 4), library: await loadUplot() };
const run: NamedRun = { name: "a <run>", history: historyFrom(finishedRun()) };
const other: NamedRun = {
  name: "other",
  history: historyFrom(finishedRun({ lr: 0.5, maxStep: 100, verbose: true }, 0.25)),
};

Deno.test("a page shows results, settings, text and machine, and needs no other file", () => {
  const page = runPage(run, facts);
  assert(!/<(?:link|img|iframe)\b|\bsrc=|@import|url\((?!#)/.test(page));
  assertStringIncludes(page, "Permission is hereby granted"); // uPlot's licence
  assertStringIncludes(page, "<title>a &lt;run&gt;</title>");
  assertEquals(page.includes("a <run>"), false);
  const text = shownText(page);
  const best = Math.exp(3.4).toFixed(2);
  assertStringIncludes(text, `Best validation ${best} perplexity, loss 3.4000, step 100`);
  assertStringIncludes(text, `Test ${Math.exp(3.5).toFixed(2)} perplexity, loss 3.5000`);
  assertStringIncludes(text, "Parameters 4,321 2 layers of width 64");
  assertStringIncludes(text, "Changed settings max_step 100 preset tiny fp16 true");
  assertStringIncludes(text, "90,000 tokens, 900 lines");
  assertStringIncludes(text, "adapter an adapter");
  assertStringIncludes(text, "finished");
});

Deno.test("a page of a run that has logged nothing says so", () => {
  const history = historyFrom(startRecords());
  const text = shownText(runPage({ name: "new", history, unfinished: "running" }, facts));
  assertStringIncludes(text, "new running");
  assertStringIncludes(text, "Steps 0 none has been logged yet");
  assertStringIncludes(runCurve({ name: "new", history }), "<svg ");
  const cut = runPage({ name: "cut", history: historyFrom(startRecords().slice(0, 1)) }, facts);
  assertStringIncludes(shownText(cut), "data set none vocabulary none Written");
});

Deno.test("a comparison shows results side by side and only the settings that differ", () => {
  const text = shownText(comparisonPage([run, other], facts));
  assertMatch(text, /a &lt;run&gt; finished 100 of 100 3\.4000 perplexity [\d.]+ 100 3/);
  assertMatch(text, /other finished 100 of 100 3\.6500 perplexity [\d.]+ 100 3/);
  assertMatch(text, /Settings that differ Setting a &lt;run&gt; other lr – 0\.5 Written/);
  const same = shownText(comparisonPage([run, { ...run, name: "twin" }], facts));
  assertStringIncludes(same, "None: the runs have the same settings, text and machine.");
});

Deno.test("the best loss of a comparison stands out only among runs of one text and vocabulary", () => {
  const note = "Losses do not compare";
  const same = comparisonPage([run, other], facts);
  assertEquals([same.includes('class="number best"'), same.includes(note)], [true, false]);
  const characters = finishedRun().map((record) =>
    record.kind === "text" ? { ...record, vocabulary: { kind: "char", size: 60 } } : record
  );
  const mixed = [run, { name: "characters", history: historyFrom(characters) }];
  const page = comparisonPage(mixed, facts);
  assertEquals([page.includes('class="number best"'), page.includes(note)], [false, true]);
  const unvalidated = { name: "new", history: historyFrom(startRecords()) };
  assertEquals(comparisonPage([run, unvalidated], facts).includes(note), false);
});

Deno.test("twelve long runs are a page of less than 2 MB", () => {
  const logs = Array.from(
    { length: 2399 },
    (_, i) =>
      logRecord(10 * i + 10, 1 / 3 + Math.sin(i), { lr: Math.PI / i, tokensPerSecond: 1e5 / 3 }),
  );
  const history = historyFrom([...startRecords(), ...logs]);
  const runs = Array.from({ length: 12 }, (_, i) => ({ name: `run ${i}`, history }));
  const { length } = new TextEncoder().encode(comparisonPage(runs, facts));
  assert(length < 2e6, `${length} bytes`);
});

Deno.test("a loss curve has round axes, names and values that are finite", () => {
  const picture = lossCurve({
    title: "a < b",
    subtitle: "",
    losses: {
      train: [{ step: 1, loss: 5.23 }, { step: 700, loss: NaN }, { step: 1000, loss: 3.11 }],
      valid: [],
    },
  });
  assertStringIncludes(picture, "a &lt; b");
  assert(!/NaN|Infinity|undefined/.test(picture));
  const texts = [...picture.matchAll(/<text [^>]*>([^<]*)</g)].map(([, text]) => text);
  assertEquals(texts.slice(2), [
    ...["3.0", "3.5", "4.0", "4.5", "5.0", "5.5"],
    ...["0", "200", "400", "600", "800", "1,000", "step", "3.11 training"],
  ]);
});

Deno.test("compared curves end with the last loss and the name of each run", () => {
  const at = (...losses: number[]) => losses.map((loss, i) => ({ step: 100 * i + 100, loss }));
  const picture = comparedCurves({
    title: "two",
    subtitle: "",
    runs: [
      { name: "a & b", train: at(3, 2.5), valid: at(2.8) },
      { name: "only training", train: at(3, 2), valid: at(NaN) },
      { name: "empty", train: [], valid: [] },
      { name: "long ".repeat(20), train: [], valid: at(2.4) },
    ],
  });
  assert(!/NaN|Infinity|undefined/.test(picture));
  assertStringIncludes(picture, ">2.80 a &amp; b<");
  assertStringIncludes(picture, ">2.00 only training<");
  assert(!picture.includes("empty"));
  const [, left, name] = /<text x="([\d.]+)"[^>]*>(2\.40 long [^<]*\u2026)</.exec(picture)!;
  assert(Number(left) + 7 * name!.length < 936, "names end inside the card");
  assertEquals(new Set(picture.match(/stroke="#[^"]*" stroke-width="2.2"/g)).size, 3, "colors");
});

Deno.test({
  name: "Chromium draws every chart of a report and of a comparison without an error",
  ignore: isMissing("chromium"),
  fn: async () => {
    await assertDrawn(runPage(run, facts), 6);
    const oneLine = historyFrom([...startRecords(), logRecord(1, 5)]); // a point, for want of a line
    await assertDrawn(runPage({ name: "one", history: oneLine }, facts), 6, 6);
    await assertDrawn(comparisonPage([run, other], facts), 6);
  },
});
