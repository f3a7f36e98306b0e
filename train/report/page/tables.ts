/**
 * Tables of a page: results, settings, text and machine of one run or of several.
 *
 * @module
 */
import { bitsPerCharacter, perplexity } from "@transformer-xl/eval";
import { escapeHtml, tableHtml, valueText } from "@transformer-xl/eval/page";
import { flagName, flagSpecs, formatClock } from "@transformer-xl/runtime";
import { OF_ONE_START } from "../../checkpoint/checkpoint_checks.ts";
import { trainSchema } from "../../config.ts";
import { type Facts, factsOf, type RunHistory } from "../history/run_history.ts";
import { type NamedRun, stateOf } from "./run_data.ts";

/** Settings that do not make a run another one. */
const OF_A_START: ReadonlySet<string> = new Set(OF_ONE_START);

/** What was counted, as `2,523,075 tokens, 67,806 lines`. */
export function countsText(counts: unknown): string {
  return Object.entries(factsOf(counts)).flatMap(([what, count]) =>
    typeof count === "number" ? [`${count.toLocaleString("en")} ${what}`] : []
  ).join(", ");
}

/** Kind and size of a vocabulary. */
export function vocabularyText(vocabulary: unknown): string {
  const { kind, size } = factsOf(vocabulary);
  const symbols = countsText({ symbols: size });
  return symbols === "" ? valueText(kind) : `${valueText(kind)}, ${symbols}`;
}

/** A loss in nats as `4.57 bits per character` or `perplexity 96.5`. */
export function lossInUnits(lossNats: number, isOfCharacters: boolean): string {
  return isOfCharacters
    ? `${bitsPerCharacter(lossNats).toFixed(3)} bits per character`
    : `perplexity ${perplexityOf(lossNats)}`;
}

/** A perplexity in a few digits. */
export function perplexityOf(lossNats: number): string {
  const value = perplexity(lossNats);
  return value >= 1e6 ? value.toExponential(2) : value.toFixed(value < 100 ? 2 : 1);
}

/** A count in millions, or as it is. */
export function millions(count: number): string {
  return count < 1e6 ? count.toLocaleString("en") : `${(count / 1e6).toFixed(1)} M`;
}

/** Tokens per second: that of the summary, or the last of the log. */
export function throughputText({ tokensPerSecond, steps }: RunHistory): string {
  const value = tokensPerSecond ?? steps.at(-1)?.tokensPerSecond;
  return value === undefined || !Number.isFinite(value)
    ? "none"
    : Math.round(value).toLocaleString("en");
}

/** All settings by group of the help; those that differ from the defaults stand out. */
export function settingsTable(config: Facts): string {
  const defaults: Facts = trainSchema.parse({});
  const shown = new Set<string>();
  const row = (key: string) => {
    shown.add(key);
    const isSet = !isEqual(config[key], defaults[key]);
    return `<tr${isSet ? ' class="set"' : ""}><th scope="row"><code>${
      escapeHtml(flagName(key))
    }</code></th><td>${escapeHtml(valueText(config[key]))}</td></tr>`;
  };
  const listed = flagSpecs(trainSchema).filter(({ hidden }) => !hidden);
  const groups = [...Map.groupBy(listed, ({ group }) => group)].map(([group, specs]) =>
    [group, specs.map(({ key }) => key).filter((key) => key in config)] as const
  ).filter(([, keys]) => keys.length > 0).map(([group, keys]) => groupRows(group, keys.map(row)));
  const others = Object.keys(config).filter((key) => !shown.has(key)).map(row);
  return tableHtml(
    "facts",
    [...groups, ...(others.length > 0 ? [groupRows("Other", others)] : [])].join("\n"),
  );
}

/** The settings that are not at their defaults, side by side. */
export function changedSettings(config: Facts): string {
  const defaults: Facts = trainSchema.parse({});
  const changed = Object.entries(config).filter(([key, value]) => !isEqual(value, defaults[key]));
  if (changed.length === 0) return '<p class="note">None: all settings are at their defaults.</p>';
  return `<dl class="settings">${
    changed.map(([key, value]) =>
      `<div><dt><code>${escapeHtml(flagName(key))}</code></dt><dd>${
        escapeHtml(valueText(value))
      }</dd></div>`
    ).join("\n")
  }</dl>`;
}

/** What differs between runs: their settings, text and machine, one column per run. */
export function differencesTable(runs: readonly NamedRun[]): string | undefined {
  const sides = runs.map(({ history }) => factsOfRun(history));
  const names = [...new Set(sides.flatMap((side) => [...side.keys()]))];
  const differing = names.filter((name) =>
    sides.some((side) => !isEqual(side.get(name), sides[0]!.get(name)))
  );
  if (differing.length === 0) return undefined;
  const head = `<thead><tr><th scope="col">Setting</th>${
    runs.map(({ name }, i) => `<th scope="col">${runKey(i)}${escapeHtml(name)}</th>`).join("")
  }</tr></thead>`;
  const rows = differing.map((name) =>
    `<tr><th scope="row"><code>${escapeHtml(name)}</code></th>${
      sides.map((side) =>
        `<td>${side.has(name) ? escapeHtml(valueText(side.get(name))) : "–"}</td>`
      ).join("")
    }</tr>`
  );
  return tableHtml("", `${head}\n<tbody>${rows.join("\n")}</tbody>`);
}

/** Whether losses of the runs that were validated are of one text in one vocabulary. */
export function areComparable(runs: readonly NamedRun[]): boolean {
  const texts = runs.filter(({ history }) => history.best !== undefined)
    .map(({ history: { text } }) => JSON.stringify([factsOf(text.splits).valid, text.vocabulary]));
  return new Set(texts).size <= 1;
}

/** Results of runs, one row each; the best value of the validation split stands out if they compare. */
export function resultsTable(runs: readonly NamedRun[]): string {
  const best = areComparable(runs)
    ? Math.min(...runs.map(({ history }) => history.best?.lossNats ?? Infinity))
    : undefined;
  const heads = ["Run", "State", "Steps", "Best valid loss", "At step", "Test loss", "Time"]
    .concat("Tokens/s", "Parameters");
  const head = heads.map((name, i) =>
    `<th scope="col"${i > 1 ? ' class="number"' : ""}>${name}</th>`
  ).join("");
  const rows = runs.map((run, i) => {
    const { name, history } = run;
    const { config, step, best: own, testNats, elapsedMs, parameters } = history;
    const cells = [
      `${step.toLocaleString("en")} of ${stepsOf(config)}`,
      own?.lossNats.toFixed(4) ?? "none",
      own?.step.toLocaleString("en") ?? "",
      testNats?.toFixed(4) ?? "none",
      formatClock(elapsedMs),
      throughputText(history),
      parameters === undefined ? "–" : millions(parameters),
    ];
    const isBest = own !== undefined && own.lossNats === best;
    const unit = own && `<small>${lossInUnits(own.lossNats, history.isOfCharacters)}</small>`;
    const cellHtml = (cell: string, at: number) =>
      `<td class="number${isBest && at === 1 ? " best" : ""}">${escapeHtml(cell)}${
        at === 1 ? unit ?? "" : ""
      }</td>`;
    return `<tr><th scope="row" class="name">${runKey(i)}${
      escapeHtml(name)
    }</th><td class="state-of">${stateOf(run)}</td>${cells.map(cellHtml).join("")}</tr>`;
  });
  return tableHtml("", `<thead><tr>${head}</tr></thead>\n<tbody>${rows.join("\n")}</tbody>`);
}

/** The validations of a run. */
export function validationsTable({ validations, best, isOfCharacters }: RunHistory): string {
  const unit = isOfCharacters ? "Bits per character" : "Perplexity";
  const head = ["Step", "Loss", unit, "Time"]
    .map((name) => `<th scope="col" class="number">${name}</th>`).join("");
  const rows = validations.map(({ step, lossNats, elapsedMs }) => {
    const cells = [
      step.toLocaleString("en"),
      lossNats.toFixed(4),
      isOfCharacters ? bitsPerCharacter(lossNats).toFixed(4) : perplexityOf(lossNats),
      formatClock(elapsedMs),
    ];
    return `<tr${step === best?.step ? ' class="best"' : ""}>${
      cells.map((cell) => `<td class="number">${cell}</td>`).join("")
    }</tr>`;
  });
  return tableHtml("", `<thead><tr>${head}</tr></thead>\n<tbody>${rows.join("\n")}</tbody>`);
}

/** Steps that a run is to make. */
export function stepsOf({ maxStep }: Facts = {}): string {
  return typeof maxStep === "number" ? maxStep.toLocaleString("en") : "?";
}

/** The line of a run's color. */
export function runKey(index: number): string {
  return `<i style="border-color: var(--c${index % 8})"></i>`;
}

function factsOfRun({ config = {}, text, environment }: RunHistory): Map<string, unknown> {
  const settings = Object.entries(config).filter(([key]) => !OF_A_START.has(key))
    .map(([key, value]) => [flagName(key), value] as const);
  const { dataset, vocabulary, splits } = text;
  return new Map<string, unknown>([
    ...settings,
    ["text", dataset],
    ["vocabulary", vocabularyText(vocabulary)],
    ...Object.entries(factsOf(splits)).map(([split, counts]) =>
      [`${split} split`, countsText(counts)] as const
    ),
    ...["adapter", "deno", "target", "webgpu"].filter((name) => name in environment)
      .map((name) => [name, environment[name]] as const),
  ]);
}

function groupRows(name: string, rows: readonly string[]): string {
  return `<tr class="group"><th colspan="2" scope="colgroup">${escapeHtml(name)}</th></tr>\n` +
    rows.join("\n");
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
