/**
 * The report of one run or of several as a page of HTML that needs no other file: charts, results,
 * settings, text and machine.
 *
 * @module
 */
import { bitsPerCharacter } from "@transformer-xl/eval";
import {
  escapeHtml,
  factsTable,
  type Figure,
  figuresHtml,
  heading,
  type PageFacts,
  valueText,
  wholePage,
} from "@transformer-xl/eval/page";
import { formatClock } from "@transformer-xl/runtime";
import { factsOf, type RunHistory } from "../history/run_history.ts";
import CHARTS from "./report_charts.js" with { type: "text" };
import { runCurve } from "./run_curve.ts";
import { type NamedRun, runData, stateOf } from "./run_data.ts";
import {
  areComparable,
  changedSettings,
  countsText,
  differencesTable,
  millions,
  perplexityOf,
  resultsTable,
  runKey,
  settingsTable,
  stepsOf,
  throughputText,
  validationsTable,
  vocabularyText,
} from "./tables.ts";

/**
 * The report on a run.
 *
 * @param run a run with settings
 */
export function runPage(run: NamedRun, facts: PageFacts): string {
  const { name, history } = run;
  const { config = {}, model, environment, text, starts, skipped } = history;
  const state = stateOf(run);
  const done = `${history.step.toLocaleString("en")} of ${stepsOf(config)} steps`;
  const notes = [
    done,
    formatClock(history.elapsedMs),
    ...(starts > 1 ? [`${starts} starts`] : []),
    ...(skipped > 0 ? [`${skipped} skipped updates`] : []),
  ];
  const machine = Object.entries(environment);
  const sections = [
    `<h1>${escapeHtml(name)}<span class="state ${state}">${state}</span></h1>`,
    `<p class="subtitle">${escapeHtml([...descriptionOf(history), ...notes].join(" · "))}</p>`,
    figures(history),
    ...(history.steps.length + history.validations.length > 0 ? [chartSection([run])] : []),
    ...(history.validations.length > 0
      ? [heading("Evaluations"), folded(history.validations.length, validationsTable(history))]
      : []),
    heading("Changed settings"),
    changedSettings(config),
    `<details><summary>All settings</summary>\n${settingsTable(config)}\n</details>`,
    `<div class="columns"><section>${heading("Model")}\n${
      factsTable([
        ...(history.parameters === undefined
          ? []
          : [["parameters", history.parameters.toLocaleString("en")] as const]),
        ...Object.entries(model),
      ])
    }</section>\n<section>${heading("Data")}\n${factsTable(dataFacts(text))}${
      machine.length === 0 ? "" : `\n${heading("Environment")}\n${factsTable(machine)}`
    }</section></div>`,
  ];
  return page(name, [run], sections, facts);
}

/** The report on several runs, side by side. */
export function comparisonPage(runs: readonly NamedRun[], facts: PageFacts): string {
  const differences = differencesTable(runs);
  const title = `Comparison of ${runs.length} runs`;
  const sections = [
    `<h1>${title}</h1>`,
    `<p class="subtitle">${escapeHtml(runs.map(({ name }) => name).join(" · "))}</p>`,
    heading("Results"),
    resultsTable(runs),
    ...(areComparable(runs)
      ? []
      : ['<p class="note">Losses do not compare: texts or vocabularies of the runs differ.</p>']),
    chartSection(runs),
    heading("Settings that differ"),
    differences ?? '<p class="note">None: the runs have the same settings, text and machine.</p>',
  ];
  return page(title, runs, sections, facts);
}

function page(
  title: string,
  runs: readonly NamedRun[],
  sections: readonly string[],
  facts: PageFacts,
): string {
  const data = { runs: runs.map(runData), isCompared: runs.length > 1 };
  return wholePage({ kind: "report", title, sections, data, script: CHARTS }, facts);
}

/** A long table behind a line, a short one as it is. */
function folded(rows: number, table: string): string {
  if (rows <= 8) return table;
  return `<details><summary>All ${rows} evaluations</summary>\n${table}\n</details>`;
}

/** The charts; without scripts, the picture of the loss. */
function chartSection(runs: readonly NamedRun[]): string {
  const colors = runs.length > 1
    ? runs.map(({ name }, i) => `<li>${runKey(i)}${escapeHtml(name)}</li>`)
      .concat('<li class="note">Thin lines: train. Lines with points: valid.</li>')
    : ["train", "valid", "test"].slice(0, runs[0]!.history.testNats === undefined ? 2 : 3)
      .map((split, i) => `<li>${runKey(i)}${split}</li>`);
  const pictures = runs.map((run) => `<figure class="chart wide">${runCurve(run)}</figure>`);
  return `<form class="controls" id="controls" hidden>
${choice("Over", "axis", [["step", "steps"], ["tokens", "tokens"], ["time", "time"]])}
${choice("Loss axis", "scale", [["linear", "linear"], ["log", "logarithmic"]])}
<span class="hint">Drag to zoom, double-click to reset.</span>
</form>
<ul class="keys">${colors.join("")}</ul>
<div class="charts" id="charts"><noscript>${pictures.join("\n")}</noscript></div>`;
}

function choice(
  legend: string,
  name: string,
  options: readonly (readonly [value: string, label: string])[],
): string {
  const inputs = options.map(([value, label], i) =>
    `<label><input type="radio" name="${name}" value="${value}"${
      i === 0 ? " checked" : ""
    }><span>${label}</span></label>`
  );
  return `<fieldset><legend>${legend}</legend>${inputs.join("")}</fieldset>`;
}

/** The numbers to see first. */
function figures(history: RunHistory): string {
  const { best, testNats, steps, isOfCharacters, parameters } = history;
  const loss = (nats: number) =>
    isOfCharacters ? bitsPerCharacter(nats).toFixed(3) : perplexityOf(nats);
  const unit = isOfCharacters ? "bits per character" : "perplexity";
  const last = steps.at(-1);
  const shown: Figure[] = [
    ...(best === undefined ? [] : [
      [
        "Best validation",
        loss(best.lossNats),
        `${unit}, loss ${best.lossNats.toFixed(4)}, step ${best.step.toLocaleString("en")}`,
      ] as const,
    ]),
    ...(testNats === undefined
      ? []
      : [["Test", loss(testNats), `${unit}, loss ${testNats.toFixed(4)}`] as const]),
    ...(last === undefined ? [] : [
      [
        "Training, last",
        loss(last.lossNats),
        `${unit}, loss ${last.lossNats.toFixed(4)}`,
      ] as const,
      [
        "Tokens per second",
        throughputText(history),
        `${Math.round(last.tokens).toLocaleString("en")} tokens in all`,
      ] as const,
    ]),
    ...(parameters === undefined
      ? []
      : [["Parameters", millions(parameters), layersText(history)] as const]),
  ];
  if (last === undefined) shown.push(["Steps", "0", "none has been logged yet"]);
  return figuresHtml(shown);
}

function layersText({ model: { nLayer, dModel } }: RunHistory): string {
  return `${valueText(nLayer)} layers of width ${valueText(dModel)}`;
}

/** Preset, text and optimizer of a run. */
function descriptionOf({ config = {}, text }: RunHistory): string[] {
  const { preset, optim } = config;
  return [
    ...(typeof preset === "string" ? [`preset ${preset}`] : []),
    ...(typeof text.dataset === "string" ? [`data set ${text.dataset}`] : []),
    ...(typeof optim === "string" ? [optim] : []),
  ];
}

function dataFacts(text: RunHistory["text"]): [string, unknown][] {
  const { dataset, vocabulary, splits, files, leftOut } = text;
  const sizes = Object.entries(factsOf(splits)).map(([split, counts]): [string, unknown] => [
    split,
    countsText(counts),
  ]);
  const paths = Object.entries(factsOf(files)).flatMap(([split, list]): [string, unknown][] =>
    Array.isArray(list) && list.length > 0 ? [[`files of ${split}`, filesText(list)]] : []
  );
  return [
    ["data set", dataset],
    ["vocabulary", vocabularyText(vocabulary)],
    ...sizes,
    ...paths,
    ...(Array.isArray(leftOut) && leftOut.length > 0
      ? [["left out", filesText(leftOut)] as [string, unknown]]
      : []),
  ];
}

/** The first files with their sizes, and how many there are. */
function filesText(files: readonly unknown[]): string {
  const shown = files.slice(0, 3).map((file) => valueText(factsOf(file).path ?? file));
  const rest = files.length - shown.length;
  return `${shown.join(", ")}${rest > 0 ? ` and ${rest.toLocaleString("en")} more` : ""}`;
}
