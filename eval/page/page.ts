/**
 * Frame of pages of HTML that need no other file: style, data, charts and their scripts are inside.
 *
 * @module
 */
import CHARTS from "./charts.js" with { type: "text" };
import { escapeHtml } from "./html.ts";
import STYLE from "./page.css" with { type: "text" };
import type { ChartLibrary } from "./uplot.ts";

/** Kinds of pages. */
export type PageKind = "report" | "inspection";

/** Kinds of files that programs write to a name given by the user: pages, and pictures in SVG. */
export type FileKind = PageKind | "picture";

/** The text by which a file is known as one of its kind: a line of a page, an attribute of a picture. */
export function markOf(kind: FileKind): string {
  return kind === "picture"
    ? 'data-generator="transformer-xl"'
    : `<meta name="generator" content="transformer-xl ${kind}">`;
}

/** When and by what a page was written. */
export interface PageFacts {
  /** Time of writing, shown in local time. */
  readonly writtenAt: Date;
  /** The charting library. */
  readonly library: ChartLibrary;
}

/** What makes a page. */
export interface PageContent {
  /** Its kind. */
  readonly kind: PageKind;
  /** Title, not escaped. */
  readonly title: string;
  /** Parts of its body, in order. */
  readonly sections: readonly string[];
  /** Data of its charts, as their script reads it. */
  readonly data: unknown;
  /** Script that draws the charts. */
  readonly script: string;
  /** Style beside that of all pages. */
  readonly style?: string;
}

/** A whole page. */
export function wholePage(
  { kind, title, sections, data, script, style = "" }: PageContent,
  { writtenAt, library }: PageFacts,
): string {
  const time = writtenAt.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${markOf(kind)}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${library.style}</style>
<style>
${STYLE}${style}</style>
</head>
<body>
<main>
${sections.join("\n")}
</main>
<footer>Written ${
    escapeHtml(time)
  } by Transformer-XL on WebGPU. Charts by uPlot (MIT License).</footer>
<script type="application/json" id="data">${
    JSON.stringify(data).replaceAll("<", "\\u003c")
  }</script>
<script>/*!
${library.licence.trim()}
*/
${library.script}</script>
<script>
${CHARTS}</script>
<script>
${script}</script>
</body>
</html>
`;
}

/** A heading of a section. */
export function heading(text: string): string {
  return `<h2>${text}</h2>`;
}

/** A number to see first: its name, value and a remark below. */
export type Figure = readonly [name: string, value: string, remark: string];

/** The numbers to see first, side by side. */
export function figuresHtml(figures: readonly Figure[]): string {
  return `<dl class="figures">${
    figures.map(([name, value, remark]) =>
      `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}<small>${
        escapeHtml(remark)
      }</small></dd></div>`
    ).join("")
  }</dl>`;
}
