/**
 * `deno run -A bench/harness/compare.ts OLD NEW`: a comparison of two result files, row by row. It
 * exits with 1 if a row became more than 5% slower beyond the spread of its samples.
 *
 * @module
 */
import { ConfigError, isSystemError, quoted, runCli, systemReason } from "@transformer-xl/runtime";
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
  await runCli(() => {
    const { lines, slower } = compareFiles(Deno.args);
    for (const line of lines) console.log(line);
    return Promise.resolve(slower > 0 ? 1 : 0);
  });
}

/**
 * The comparison of two result files.
 *
 * @throws {ConfigError} for another number of files, and for files without results
 */
export function compareFiles(paths: readonly string[]): ReturnType<typeof compareRows> {
  const [before, after] = paths;
  if (before === undefined || after === undefined || paths.length > 2) {
    throw new ConfigError(
      `Cannot compare ${paths.length} files: use deno run -A bench/harness/compare.ts OLD NEW`,
    );
  }
  return compareRows(readRows(before), readRows(after));
}

/** The latest row of every name. */
function readRows(path: string): Map<string, SavedRow> {
  const unread = (reason: string) =>
    new ConfigError(
      `Cannot read results from ${quoted(path)}: ${reason}; give a file that --save wrote`,
    );
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unread(systemReason(error));
  }
  return new Map(
    text.trimEnd().split("\n").map((line, i) => {
      const row = rowOf(line);
      if (row === undefined) throw unread(`line ${i + 1} is no row`);
      return [row.name, row];
    }),
  );
}

/** The row of a line; undefined if it is none. */
function rowOf(line: string): SavedRow | undefined {
  try {
    const row = JSON.parse(line);
    return typeof row?.name === "string" ? row : undefined;
  } catch {
    return undefined;
  }
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
