/**
 * The charting library uPlot as text, to be written into pages. It is loaded at the first page.
 *
 * @module
 */

/** Texts of the library. */
export interface ChartLibrary {
  /** Script that defines `uPlot`. */
  readonly script: string;
  /** Its style sheet. */
  readonly style: string;
  /** Its licence, which goes with every copy. */
  readonly licence: string;
}

/** Loads uPlot. */
export async function loadUplot(): Promise<ChartLibrary> {
  const [script, style, licence] = await Promise.all([
    import("uplot/dist/uPlot.iife.min.js", { with: { type: "text" } }),
    import("uplot/dist/uPlot.min.css", { with: { type: "text" } }),
    import("uplot/LICENSE", { with: { type: "text" } }),
  ]);
  return { script: script.default, style: style.default, licence: licence.default };
}
