/**
 * Heat map of heads: a table with a row per layer and a column per head, whose cells are the darker
 * the larger their numbers are.
 *
 * @module
 */
import { escapeHtml, tableHtml } from "../../page/html.ts";
import { mean } from "../../metrics.ts";

/** Numbers of heads. */
export interface HeatMap {
  /** Caption. */
  readonly title: string;
  /** By layer and head. */
  readonly rows: readonly (readonly number[])[];
  /** The value of the darkest cell. */
  readonly most: number;
  /** A value as text. */
  readonly text: (value: number) => string;
}

/** The heat map, with the means of layers in the last column and those of heads in the last row. */
export function heatMapHtml({ title, rows, most, text }: HeatMap): string {
  const heads = rows[0]?.length ?? 0;
  const cell = (value: number) =>
    `<td class="number" style="--heat-share:${
      most > 0 ? Math.round(100 * Math.min(1, value / most)) : 0
    }%">${text(value)}</td>`;
  const row = (name: string, values: readonly number[]) =>
    `<tr><th scope="row">${name}</th>${values.map(cell).join("")}<td class="number mean">${
      text(mean(values))
    }</td></tr>`;
  const columns = Array.from({ length: heads }, (_, n) => mean(rows.map((values) => values[n]!)));
  const names = [...columns.keys()].map((n) => `<th scope="col" class="number">${n + 1}</th>`);
  const head = `<thead><tr><th scope="col">Layer \\ head</th>${names.join("")}` +
    '<th scope="col" class="number">mean</th></tr></thead>';
  const foot = `<tfoot><tr><th scope="row">mean</th>${
    columns.map((value) => `<td class="number mean">${text(value)}</td>`).join("")
  }<td class="number mean">${text(mean(columns))}</td></tr></tfoot>`;
  const body = rows.map((values, l) => row(String(l + 1), values)).join("\n");
  return `<figure class="heat"><figcaption>${escapeHtml(title)}</figcaption>${
    tableHtml("", `${head}\n<tbody>${body}</tbody>\n${foot}`)
  }</figure>`;
}
