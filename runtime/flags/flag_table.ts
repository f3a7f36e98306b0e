/**
 * The Markdown flag table, generated from the schema.
 *
 * @module
 */
import type { z } from "zod";
import { shownGroups } from "./spec.ts";

/** Markdown rows with cells of equal width, as `deno fmt` leaves them. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(3, ...rows.map((row) => row[c]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, c) => cell.padEnd(widths[c]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)]
    .join("\n");
}

/**
 * The flags as Markdown, a heading line and a table per group, for the pages of the programs.
 *
 * @example
 * ```ts
 * import { flagTable } from "@transformer-xl/runtime";
 * import { assertStringIncludes } from "@std/assert";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({ lr: z.number().default(0.01).describe("Peak learning rate") });
 * assertStringIncludes(flagTable(schema), "| `--lr` | FLOAT | `0.01`  | Peak learning rate |");
 * ```
 */
export function flagTable(schema: z.ZodObject): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const code = (text: string | undefined) => text === undefined ? "" : `\`${cell(text)}\``;
  return [...shownGroups(schema)].map(([group, specs]) => {
    const rows = specs.map((spec) => [
      code(`--${spec.name}`),
      cell(spec.arity === "none" ? "switch" : spec.metavar),
      code(spec.fallback),
      cell(spec.description),
    ]);
    return `**${group}**\n\n${markdownTable([["Flag", "Value", "Default", "Meaning"], ...rows])}`;
  }).join("\n\n");
}
