/**
 * The loss curve of a run as SVG: training, validation and test loss over steps.
 *
 * @module
 */
import { card, COLORS, FONTS } from "./svg.ts";
import type { Losses, LossPoint } from "./transcript.ts";

const SIZE = { width: 936, height: 380 } as const;
const FRAME = { left: 64, right: 916 - 120, top: 74, bottom: 326 } as const;

/** The loss curve under `title` and `subtitle`. */
export function curvePicture(
  { title, subtitle, losses }: {
    readonly title: string;
    readonly subtitle: string;
    readonly losses: Losses;
  },
): string {
  const { train, valid, test } = losses;
  const bits = [...train, ...valid, test].map((point) => point.bits);
  const [low, high] = [Math.floor(Math.min(...bits)), Math.ceil(Math.max(...bits))];
  const x = (step: number) => FRAME.left + (FRAME.right - FRAME.left) * step / test.step;
  const y = (value: number) =>
    FRAME.bottom - (FRAME.bottom - FRAME.top) * (value - low) / (high - low);
  const at = (point: LossPoint) => `${x(point.step).toFixed(1)} ${y(point.bits).toFixed(1)}`;
  const path = (points: readonly LossPoint[]) => `M${points.map(at).join(" L")}`;

  const rows = Array.from({ length: high - low + 1 }, (_, i) => low + i).flatMap((value) => [
    `<line x1="${FRAME.left}" x2="${FRAME.right}" y1="${y(value)}" y2="${y(value)}" ` +
    `stroke="${COLORS.grid}"/>`,
    label({ x: FRAME.left - 12, y: y(value) + 4, anchor: "end" }, `${value}`),
  ]);
  const ticks = Array.from({ length: 4 }, (_, i) => Math.round(test.step * i / 3)).map((step) =>
    label({ x: x(step), y: FRAME.bottom + 24, anchor: "middle" }, step.toLocaleString("en"))
  );
  const first = train[0]!;
  const last = train.at(-1)!;
  const area = `${path(train)} L${x(last.step)} ${FRAME.bottom} L${
    x(first.step)
  } ${FRAME.bottom} Z`;

  return card({ ...SIZE, title }, [
    `<defs><linearGradient id="below" x1="0" x2="0" y1="0" y2="1">`,
    `<stop offset="0" stop-color="${COLORS.train}" stop-opacity="0.32"/>`,
    `<stop offset="1" stop-color="${COLORS.train}" stop-opacity="0.02"/></linearGradient></defs>`,
    `<g font-family="${FONTS.sans}" font-size="12.5">`,
    label({ x: 28, y: 34, color: COLORS.text, size: 16, weight: 600 }, title),
    label({ x: 28, y: 55 }, subtitle),
    ...rows,
    ...ticks,
    label({ x: (FRAME.left + FRAME.right) / 2, y: FRAME.bottom + 43, anchor: "middle" }, "step"),
    `<path d="${area}" fill="url(#below)"/>`,
    `<path d="${path(train)}" fill="none" stroke="${COLORS.train}" stroke-width="2.2" ` +
    `stroke-linejoin="round"/>`,
    `<path d="${path(valid)}" fill="none" stroke="${COLORS.valid}" stroke-width="1.6" ` +
    `stroke-dasharray="2 5" stroke-linecap="round"/>`,
    ...valid.map((point) => dot(x(point.step), y(point.bits), COLORS.valid)),
    dot(x(test.step), y(test.bits), COLORS.test),
    ...namesAtTheEnd([
      { name: "training", value: last.bits, color: COLORS.train },
      { name: "validation", value: valid.at(-1)!.bits, color: COLORS.valid },
      { name: "test", value: test.bits, color: COLORS.test },
    ], y),
    "</g>",
  ]);
}

/** Names with their last values beside the right end of the curves, moved apart where they meet. */
function namesAtTheEnd(
  ends: readonly { readonly name: string; readonly value: number; readonly color: string }[],
  y: (value: number) => number,
): readonly string[] {
  const apart = 18;
  const sorted = ends.toSorted((a, b) => b.value - a.value);
  let previous = -Infinity;
  const heights = sorted.map(({ value }) => previous = Math.max(y(value) + 4, previous + apart));
  const excess = Math.max(0, heights.at(-1)! - FRAME.bottom - 4);
  return sorted.map(({ name, value, color }, i) =>
    label({ x: FRAME.right + 16, y: heights[i]! - excess, color }, `${value.toFixed(2)} ${name}`)
  );
}

function dot(cx: number, cy: number, color: string): string {
  return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="4.5" fill="${color}" ` +
    `stroke="${COLORS.card}" stroke-width="2"/>`;
}

interface LabelStyle {
  readonly x: number;
  readonly y: number;
  readonly anchor?: "middle" | "end";
  readonly color?: string;
  readonly size?: number;
  readonly weight?: number;
}

function label({ x, y, anchor, color = COLORS.dim, size, weight }: LabelStyle, text: string) {
  const attributes = [
    `x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${color}"`,
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
    ...(size === undefined ? [] : [`font-size="${size}"`]),
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
  ];
  return `<text ${attributes.join(" ")}>${text}</text>`;
}
