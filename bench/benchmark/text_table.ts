/**
 * Tables of numbers as text.
 *
 * @module
 */

/** Lines of a table, columns aligned to the right. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) => row.map((cell, c) => cell.padStart(widths[c]!)).join("  "));
}

/** `0.42x`, ours over published; `-` without one of them. */
export function ratio(ours: number | undefined, published: number | undefined): string {
  if (ours === undefined || published === undefined) return "-";
  const value = ours / published;
  return `${value < 0.1 ? value.toPrecision(2) : value.toFixed(2)}x`;
}

/** A rate with separators of thousands; `-` without one. */
export function rate(tokensPerSecond: number | undefined): string {
  if (tokensPerSecond === undefined) return "-";
  return tokensPerSecond.toLocaleString("en-US", {
    maximumFractionDigits: tokensPerSecond < 1000 ? 1 : 0,
  });
}

/** Milliseconds; `-` without them. */
export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? "-" : ms.toFixed(2);
}
