/**
 * Rule about repeated blocks of code.
 *
 * @module
 */
import type { Offences } from "./architecture_rules.ts";
import type { SourceFile } from "./source_tree.ts";

/** Most lines that may stand twice: longer blocks are a function, a kernel part or a table. */
export const MAX_REPEATED_LINES = 12;

/** Tables of cases, and WGSL that the tests keep as it was generated. */
const TABLES = /\/cases\.ts$|_cases\.ts$|^tests\/kernels\/tiles\/\w+\.wgsl$/;

/** A line of code without its indentation. */
interface Line {
  readonly text: string;
  readonly number: number;
}

interface Place {
  readonly path: string;
  readonly lines: readonly Line[];
  readonly at: number;
}

/** No block of more than {@link MAX_REPEATED_LINES} lines stands twice outside tables of cases. */
export function blocksStandOnce(files: readonly SourceFile[]): Offences {
  const length = MAX_REPEATED_LINES + 1;
  const first = new Map<string, Place>();
  const offences: string[] = [];
  for (const { path, text } of files) {
    if (TABLES.test(path)) continue;
    const lines = codeLines(text);
    for (let at = 0; at + length <= lines.length; at++) {
      const block = lines.slice(at, at + length).map(({ text }) => text).join("\n");
      const before = first.get(block);
      if (before === undefined) first.set(block, { path, lines, at });
      // A run of equal lines overlaps itself; it counts from its second half on.
      else if (before.path !== path || before.at + length <= at) {
        const repeated = equalLines(before, { path, lines, at });
        const from = before.lines[before.at]!.number;
        offences.push(
          `${path}:${lines[at]!.number} repeats ${repeated} lines of ${before.path}:${from}`,
        );
        at += repeated - 1;
      }
    }
  }
  return offences;
}

function equalLines(one: Place, other: Place): number {
  let count = 0;
  while (
    one.at + count < one.lines.length &&
    one.lines[one.at + count]!.text === other.lines[other.at + count]?.text
  ) count++;
  return count;
}

/** Lines that say something: no blanks, comments, imports, exports of others, lone punctuation. */
function codeLines(text: string): readonly Line[] {
  let isComment = false;
  let isImport = false;
  return text.split("\n").flatMap((raw, index) => {
    const line = raw.trim();
    const wasInside = isComment || isImport;
    if (!isImport && line.startsWith("/*")) isComment = true;
    if (!isComment && /^(?:import\b|export (?:type )?[{*])/.test(line)) isImport = true;
    const isInside = wasInside || isComment || isImport;
    if (isComment && line.includes("*/")) isComment = false;
    if (isImport && line.endsWith(";")) isImport = false;
    const isCode = !isInside && !line.startsWith("//") && /\w/.test(line);
    return isCode ? [{ text: line, number: index + 1 }] : [];
  });
}
