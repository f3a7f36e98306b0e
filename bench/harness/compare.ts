/**
 * `deno run -A bench/harness/compare.ts OLD NEW`: a comparison of two result files, row by row. It
 * exits with 1 if a row became more than 5% slower beyond the spread of its samples.
 *
 * @module
 */
import { digits } from "./results.ts";

/** What is compared of a saved row. */
interface SavedRow {
  readonly name: string;
  readonly medianMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
}

const TOLERANCE = 0.05;

if (import.meta.main) {
  const [before, after] = Deno.args.map(readRows);
  if (before === undefined || after === undefined) {
    console.error("usage: deno run -A bench/harness/compare.ts OLD NEW");
    Deno.exit(2);
  }
  const { lines, slower } = compareRows(before, after);
  for (const line of lines) console.log(line);
  if (slower > 0) Deno.exit(1);
}

/** The latest row of every name. */
function readRows(path: string): Map<string, SavedRow> {
  const rows = Deno.readTextFileSync(path).trimEnd().split("\n")
    .map((line) => JSON.parse(line) as SavedRow);
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * One line for each row in both files: new time over old time. A row counts as slower when its
 * median grew by more than 5% and its fastest sample is beyond the slowest one before.
 */
export function compareRows(
  before: ReadonlyMap<string, SavedRow>,
  after: ReadonlyMap<string, SavedRow>,
): { readonly lines: readonly string[]; readonly slower: number } {
  let slower = 0;
  const lines: string[] = [];
  for (const [name, now] of after) {
    const was = before.get(name);
    if (was?.medianMs === undefined || now.medianMs === undefined) continue;
    const ratio = now.medianMs / was.medianMs;
    const isSlower = ratio > 1 + TOLERANCE && now.minMs! > was.maxMs!;
    if (isSlower) slower++;
    const times = `${digits(was.medianMs)} -> ${digits(now.medianMs)} ms`;
    lines.push(`${ratio.toFixed(2).padStart(6)}x ${name}: ${times}${isSlower ? ", slower" : ""}`);
  }
  return { lines, slower };
}
