/**
 * A page of HTML that colours a text by the surprise of its tokens. It needs no other file, and no
 * script. Darker colours and thicker lines mean more bits, so that it can be read in print and
 * without colours.
 *
 * @module
 */
import { fixed } from "@transformer-xl/runtime";
import { escapeHtml } from "../page/html.ts";
import type { TokenScore, TokenTable } from "./token_table.ts";

/** One step of the legend. */
export interface SurpriseLevel {
  /** Least bits. */
  readonly from: number;
  /** Background behind text of {@link TEXT_COLOUR}. */
  readonly colour: string;
}

/** Colour of the text. */
export const TEXT_COLOUR = "#111111";

/** Steps of surprise, each a little darker than the one before. */
export const SURPRISE_LEVELS: readonly SurpriseLevel[] = [
  { from: 0, colour: "#ffffff" },
  { from: 1, colour: "#fff4c9" },
  { from: 2, colour: "#ffe39a" },
  { from: 4, colour: "#ffc766" },
  { from: 8, colour: "#ffa45c" },
  { from: 12, colour: "#ff8364" },
];

/** What stands above the tokens of a page. */
export interface PageFacts {
  /** Title. */
  readonly title: string;
  /** Lines about the model and the text. */
  readonly lines: readonly string[];
}

/**
 * A token as HTML in which every character can be seen: signs for line ends and tabs, and code points
 * for control characters and those that have no width or turn the direction of writing.
 */
export function visibleHtml(token: string): string {
  const marked = token
    .replaceAll("\n", "↵\n")
    .replaceAll("\t", "⇥\t")
    .replaceAll(INVISIBLE.test(token) ? /./gu : MISLEADING, (sign) => {
      const digits = sign.codePointAt(0)!.toString(16).toUpperCase();
      return `‹${digits.padStart(2, "0")}›`;
    });
  return escapeHtml(marked);
}

/** Tokens without a width; within a longer one, such characters join letters and pictures. */
const INVISIBLE = /^\p{Cf}+$/u;

/** Characters that separate words or lines unseen, turn the direction of what follows, or control. */
const MISLEADING =
  // deno-lint-ignore no-control-regex -- they are what is shown
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Number of the step of a surprise. */
export function levelOf(bits: number): number {
  return SURPRISE_LEVELS.findLastIndex(({ from }) => bits >= from);
}

/** Style of {@link pageText} and {@link legendHtml}. */
export const TEXT_STYLE = `
  .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.5rem; padding: 0; }
  .legend span { padding: 0.1rem 0.5rem; }
  .text { font: 1rem/1.9 Georgia, "Times New Roman", serif; }
  .text p { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; margin: 0; }
  .text span, .legend span { border-bottom: 0 solid ${TEXT_COLOUR};
    -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .text span { box-shadow: inset -1px 0 #ffffff; }
  .text .u { color: #595959; font-style: italic; }
${
  SURPRISE_LEVELS.map(({ colour }, i) =>
    `  .text .s${i}, .legend .s${i} { background: ${colour}; border-bottom-width: ${i / 2}px; }`
  ).join("\n")
}
  @media print { .text { font-size: 10pt; } }
`;

const STYLE = `
  :root { color-scheme: light; }
  body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: #ffffff;
    color: ${TEXT_COLOUR}; font: 1rem/1.4 system-ui, sans-serif; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
${TEXT_STYLE}
  @media print { body { margin: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; } }
`;

/** What the colours mean, and their steps. */
export function legendHtml(): string {
  const steps = SURPRISE_LEVELS.map(({ from }, i) => {
    const next = SURPRISE_LEVELS[i + 1]?.from;
    return `<li><span class="s${i}">${from}${
      next === undefined ? " or more" : `–${next}`
    }</span></li>`;
  });
  return `<p id="legend">Surprise of every token in bits, −log₂ p; grey italics: not scored. Every token has its
numbers as its tooltip.</p>
<ul class="legend" aria-labelledby="legend">${steps.join("")}</ul>`;
}

/** The page up to its first text. */
export function pageHead({ title, lines }: PageFacts): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join("\n")}
${legendHtml()}
</header>
<main>
`;
}

/**
 * A text of the page, in pieces. Every line is a block of its own: browsers take minutes to print one
 * block of many pages.
 */
export function* pageText(table: TokenTable): Generator<string, void, undefined> {
  const { lineEnd, hasSpaces, sentenceMark } = table;
  yield `<section>\n<h2>${escapeHtml(table.name)}</h2>\n<div class="text">\n`;
  let isLineStart = true;
  for (const score of table) {
    const isSentenceStart: boolean = isLineStart && score.token === sentenceMark;
    const mark = isSentenceStart ? "▸" : score.token === lineEnd ? "↵" : undefined;
    yield `${isLineStart ? "<p>" : hasSpaces ? " " : ""}${pageToken(score, mark)}`;
    isLineStart = !isSentenceStart &&
      (hasSpaces ? score.token === lineEnd : score.token.endsWith(lineEnd));
    if (isLineStart) yield "</p>\n";
  }
  yield `${isLineStart ? "" : "</p>\n"}</div>\n</section>\n`;
}

/** The end of the page. */
export const PAGE_END = "</main>\n</body>\n</html>\n";

/** @param mark stands for a token that is no text */
function pageToken(
  { token, bits, logProbability, rank }: TokenScore,
  mark: string | undefined,
): string {
  // The block of the line ends behind it.
  const shown = mark ?? visibleHtml(token).replace(/\n$/, "");
  return bits === null || logProbability === null
    ? `<span class="u" title="not scored">${shown}</span>`
    : `<span class="s${levelOf(bits)}" title="${fixed(bits, 0, 2)} bits, log p ${
      fixed(logProbability, 0, 3)
    }, rank ${rank}">${shown}</span>`;
}
