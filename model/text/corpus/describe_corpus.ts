/**
 * The log lines about a corpus: files, tokens and lines of every split, vocabulary, unknown words,
 * skipped files, and a hint if words are not separated by spaces.
 *
 * @module
 */
import type { Corpus } from "./corpus.ts";
import { type Split, SPLITS } from "../files/split_names.ts";
import { MIN_COUNT } from "../sentences/files/counted_files.ts";

/** Maximum number of printed paths. */
const MAX_PATHS = 5;

/** Minimum number of words for a meaningful share of distinct words. */
const MIN_WORDS = 100;

/** Share of distinct words above which hardly any word repeats. */
const MAX_DISTINCT = 0.7;

/** Below this many words per line, lines are single words. */
const MIN_WORDS_PER_LINE = 1.5;

/**
 * Lines about a corpus.
 *
 * @param name name of a split in the lines (default: its own)
 */
export function corpusLines(
  { vocabulary, counts, source, sentences }: Corpus,
  name: (split: Split) => string = (split) => split,
): string[] {
  const lines: string[] = [];
  const { identity, leftOut, notKept, replaced } = source;
  for (const split of SPLITS) {
    const { tokens, lines: count, unknown } = counts[split];
    if (tokens === 0) continue;
    const share = unknown === 0 ? "" : `, ${unknownText(unknown, tokens)}`;
    const paths = identity.split === "lines"
      ? ""
      : pathsText(identity[split].map(({ path }) => path));
    lines.push(`    - ${name(split)} : ${tokens} tokens, ${count} lines${share}${paths}`);
  }
  const total = SPLITS.reduce((sum, split) => sum + counts[split].tokens, 0);
  const unknown = SPLITS.reduce((sum, split) => sum + counts[split].unknown, 0);
  const known = sentences === undefined ? total : total - counts.train.tokens;
  const where = known === total ? "" : " outside the training files";
  const { files } = source;
  const cut = identity.split === "lines" && lines.length > 1 ? `, cut into splits` : "";
  lines.unshift(
    `text : ${files.length} ${files.length === 1 ? "file" : "files"}${cut}, ${total} tokens, ` +
      `${vocabulary.size} symbols of kind ${vocabulary.kind}` +
      (vocabulary.kind === "word" ? `, ${unknownText(unknown, known)}${where}` : "") +
      (identity.split === "lines" ? pathsText(files) : ""),
  );
  if (leftOut.length > 0) {
    const more = leftOut.length > MAX_PATHS ? ` and ${leftOut.length - MAX_PATHS} more` : "";
    lines.push(`    - left out : ${leftOut.slice(0, MAX_PATHS).join(", ")}${more}`);
  }
  if (replaced !== undefined) lines.push(`The text is encoded anew: the kept tokens ${replaced}`);
  if (sentences?.missingList !== undefined) {
    lines.push(
      `The words are those that occur ${MIN_COUNT} times or more in the training files: there is ` +
        `no ${JSON.stringify(sentences.missingList)}`,
    );
  }
  if (notKept !== undefined) lines.push(`The encoded text is not kept: ${notKept}`);
  return lines;
}

function unknownText(unknown: number, tokens: number): string {
  const share = tokens === 0 ? 0 : 100 * unknown / tokens;
  return `${unknown} unknown words (${share.toFixed(2)} %)`;
}

function pathsText(paths: readonly string[]): string {
  if (paths.length === 0) return "";
  const more = paths.length > MAX_PATHS ? ` and ${paths.length - MAX_PATHS} more` : "";
  return `: ${paths.slice(0, MAX_PATHS).map((path) => JSON.stringify(path)).join(", ")}${more}`;
}

/** A hint if a word vocabulary does not suit the text; otherwise undefined. */
export function spacesAdvice({ vocabulary, counts, sentences }: Corpus): string | undefined {
  if (vocabulary.kind !== "word" || sentences !== undefined) return undefined;
  const tokens = SPLITS.reduce((sum, split) => sum + counts[split].tokens, 0);
  const lines = SPLITS.reduce((sum, split) => sum + counts[split].lines, 0);
  const words = tokens - lines;
  const distinct = vocabulary.size - 1;
  const perLine = words / lines;
  const allDiffer = words >= MIN_WORDS && distinct > MAX_DISTINCT * words;
  if (words === 0 || !allDiffer && perLine >= MIN_WORDS_PER_LINE) return undefined;
  return `The text has ${distinct} different words among ${words}, ${
    perLine.toFixed(1)
  } on a line: ` +
    "its words may not be separated by spaces";
}
