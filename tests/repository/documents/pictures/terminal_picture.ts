/**
 * A terminal window as SVG.
 *
 * @module
 */
import { card, COLORS, escaped, FONTS } from "@transformer-xl/train/report";
import { ELLIPSIS } from "./transcript.ts";

const FONT_SIZE = 12;
const CHARACTER = 7.2; // width of a monospace character at this size
const LINE = 18;
const BAR = 34;
const MARGIN = 18;

/** A stretch of a line in one color. */
interface Span {
  readonly text: string;
  readonly color: string;
}

/** Colors by the beginning of a line; loss and bits per character of a result stand out. */
function spansOf(line: string): readonly Span[] {
  if (line === ELLIPSIS) return [{ text: line, color: COLORS.dim }];
  if (line.startsWith("$ ")) {
    return [{ text: "$ ", color: COLORS.prompt }, { text: line.slice(2), color: COLORS.text }];
  }
  if (!line.startsWith("| ")) return [{ text: line, color: COLORS.dim }];
  const color = /valid/.test(line)
    ? COLORS.valid
    : /test|^\| all/.test(line)
    ? COLORS.test
    : COLORS.train;
  const at = line.search(/(?:\b(?:valid|test|all) )?\bloss /);
  return at < 0 ? [{ text: line, color: COLORS.text }] : [
    { text: line.slice(0, at), color: COLORS.text },
    { text: line.slice(at), color },
  ];
}

/** Lines of a terminal in a window with `title`. */
export function terminalPicture(title: string, lines: readonly string[]): string {
  const columns = Math.max(...lines.map((line) => line.length));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const isCommand = (line: string) => line.startsWith("$ ");
  let y = BAR + MARGIN + 4;
  const texts = lines.map((line, i) => {
    if (i > 0) y += isCommand(line) ? LINE * 1.7 : LINE;
    let column = 0;
    const spans = spansOf(line).map(({ text, color }) => {
      const x = MARGIN + column * CHARACTER;
      column += text.length;
      const length = text.length * CHARACTER;
      return `<tspan x="${x.toFixed(1)}" fill="${color}" textLength="${length.toFixed(1)}" ` +
        `lengthAdjust="spacingAndGlyphs">${escaped(text)}</tspan>`;
    });
    return `<text y="${y.toFixed(1)}" xml:space="preserve">${spans.join("")}</text>`;
  });
  const lights = ["#ff5f57", "#febc2e", "#28c840"].map((color, i) =>
    `<circle cx="${20 + 18 * i}" cy="17" r="5.5" fill="${color}"/>`
  );
  return card({ width, height: Math.ceil(y + MARGIN), title }, [
    `<path d="M1 ${BAR} V10.5 A9.5 9.5 0 0 1 10.5 1 H${width - 10.5} ` +
    `A9.5 9.5 0 0 1 ${width - 1} 10.5 V${BAR} Z" fill="${COLORS.bar}"/>`,
    ...lights,
    `<text x="${width / 2}" y="21.5" text-anchor="middle" font-family="${FONTS.sans}" ` +
    `font-size="12" fill="${COLORS.dim}">${escaped(title)}</text>`,
    `<g font-family="${FONTS.mono}" font-size="${FONT_SIZE}">`,
    ...texts,
    "</g>",
  ]);
}
