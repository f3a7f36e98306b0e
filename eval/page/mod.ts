/**
 * Pages of HTML that need no other file: their frame, style, charts, tables and files.
 *
 * @module
 */
export { beginPage, checkPage, commitText, replaceFile, writingPages } from "./config.ts";
export { escapeHtml, factsTable, tableHtml, valueText } from "./html.ts";
export {
  type Figure,
  figuresHtml,
  type FileKind,
  heading,
  markOf,
  type PageContent,
  type PageFacts,
  type PageKind,
  wholePage,
} from "./page.ts";
export { type ChartLibrary, loadUplot } from "./uplot.ts";
