/**
 * The `--help` text, generated from the schema.
 *
 * @module
 */
import type { z } from "zod";
import { type FlagSpec, shownGroups } from "./spec.ts";

/** Text of a help page beside its flags. */
export interface FlagHelpOptions {
  /** First line, `deno task train [flags]`. */
  readonly usage: string;
  /** Paragraph before the flags. */
  readonly description?: string;
  /** Width of the text, 100 by default. */
  readonly columns?: number;
}

/** Column at which descriptions begin. */
const INDENT = 34;

/**
 * Breaks a text at blanks into lines of at most `columns` characters; longer words get their own
 * line.
 */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function synopsis(spec: FlagSpec): string {
  // The negation of a negation, `--no_no_eval`, is accepted but not listed.
  if (spec.arity === "none") {
    return /^not?_/.test(spec.name) ? `--${spec.name}` : `--${spec.name}, --no_${spec.name}`;
  }
  return spec.arity === "optional"
    ? `--${spec.name} [${spec.metavar}]`
    : `--${spec.name} ${spec.metavar}`;
}

/**
 * The help text: flags by group, each with type, meaning and default.
 *
 * @example
 * ```ts
 * import { flagHelp } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({
 *   nLayer: z.int().default(16).describe("Decoder layers").meta({ group: "Model" }),
 * });
 * assertEquals(flagHelp(schema, { usage: "train [flags]" }).split("\n"), [
 *   "Usage: train [flags]",
 *   "",
 *   "Model",
 *   "  --n_layer INT                   Decoder layers (default 16)",
 *   "",
 *   "Other",
 *   "  --help, -h                      Print this help",
 * ]);
 * ```
 */
export function flagHelp(schema: z.ZodObject, options: FlagHelpOptions): string {
  const columns = options.columns ?? 100;
  const lines = [`Usage: ${options.usage}`];
  if (options.description !== undefined) lines.push("", ...wrap(options.description, columns));
  const add = (left: string, right: string) => {
    const [first = "", ...rest] = wrap(right, columns - INDENT);
    // A synopsis that exceeds its column gets its own line.
    if (left.length + 4 > INDENT) lines.push(`  ${left}`, " ".repeat(INDENT) + first);
    else lines.push(`  ${left}`.padEnd(INDENT) + first);
    lines.push(...rest.map((line) => " ".repeat(INDENT) + line));
  };
  const groups = shownGroups(schema);
  const other = groups.get("Other") ?? [];
  groups.delete("Other");
  for (const [group, specs] of [...groups, ["Other", other] as const]) {
    lines.push("", group);
    for (const spec of specs) {
      const fallback = spec.fallback === undefined ? "" : ` (default ${spec.fallback})`;
      add(synopsis(spec), `${spec.description}${fallback}`.trim());
    }
  }
  add("--help, -h", "Print this help");
  return lines.join("\n");
}
