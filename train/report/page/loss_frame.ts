/**
 * The frame of pictures of losses over steps: axes with round values, names at the ends of curves.
 *
 * @module
 */
import { card, COLORS, escaped, FONTS } from "./svg.ts";

/** A loss at a step. */
export interface LossPoint {
  /** Steps done. */
  readonly step: number;
  /** Loss in the unit of the picture. */
  readonly loss: number;
}

/** Where points are in a picture, in its units. */
export interface Positions {
  readonly x: (step: number) => number;
  readonly y: (loss: number) => number;
  /** The SVG path through points. */
  readonly path: (points: readonly LossPoint[]) => string;
}

/** Name and last value of a curve, written beside its end. */
export interface CurveEnd {
  readonly name: string;
  readonly value: number;
  readonly color: string;
}

const SIZE = { width: 936, height: 380 } as const;

/** Edges of the area of curves; names are between its right edge and that of the card. */
export const FRAME = { left: 64, top: 74, bottom: 326 } as const;

/** Width of the names of the usual three curves, of a character, and of the most characters. */
const NAMES = { width: 120, character: 7, characters: 40 } as const;

/** The points with a finite loss. */
export function finitePoints(points: readonly LossPoint[]): LossPoint[] {
  return points.filter(({ loss }) => Number.isFinite(loss));
}

/**
 * A picture of losses over steps.
 *
 * @param picture title, subtitle, all points that must fit, ends of curves, and the drawing of the curves
 */
export function lossFrame({ title, subtitle, points, ends, curves }: {
  readonly title: string;
  readonly subtitle: string;
  readonly points: readonly LossPoint[];
  readonly ends: readonly CurveEnd[];
  readonly curves: (positions: Positions) => readonly string[];
}): string {
  const heights = points.map(({ loss }) => loss);
  const ticks = ticksOf(Math.min(...heights), Math.max(...heights));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const names = ends.map(({ name, value, color }) => ({
    ...{ value, color },
    text: `${value.toFixed(2)} ${shortened(name)}`,
  }));
  const widths = names.map(({ text }) => 14 + NAMES.character * text.length);
  const right = SIZE.width - 20 - Math.max(NAMES.width, ...widths);
  const lastStep = Math.max(1, ...points.map(({ step }) => step));
  const x = (step: number) => FRAME.left + (right - FRAME.left) * step / lastStep;
  const y = (value: number) =>
    FRAME.bottom - (FRAME.bottom - FRAME.top) * (value - low) / (high - low);
  const at = (point: LossPoint) => `${x(point.step).toFixed(1)} ${y(point.loss).toFixed(1)}`;
  const path = (points: readonly LossPoint[]) => `M${points.map(at).join(" L")}`;

  const digits = ticks.every((value) => Number.isInteger(value)) ? 0 : decimals(ticks[1]! - low);
  const rows = ticks.flatMap((value) => [
    `<line x1="${FRAME.left}" x2="${right}" y1="${y(value).toFixed(1)}" ` +
    `y2="${y(value).toFixed(1)}" stroke="${COLORS.grid}"/>`,
    label({ x: FRAME.left - 12, y: y(value) + 4, anchor: "end" }, value.toFixed(digits)),
  ]);
  const stepTicks = ticksOf(0, lastStep).filter((step) => step <= lastStep && step % 1 === 0);
  const steps = stepTicks.map((step) =>
    label({ x: x(step), y: FRAME.bottom + 24, anchor: "middle" }, step.toLocaleString("en"))
  );
  return card({ ...SIZE, title }, [
    `<g font-family="${FONTS.sans}" font-size="12.5">`,
    label({ x: 28, y: 34, color: COLORS.text, size: 16, weight: 600 }, title),
    label({ x: 28, y: 55 }, subtitle),
    ...rows,
    ...steps,
    label({ x: (FRAME.left + right) / 2, y: FRAME.bottom + 43, anchor: "middle" }, "step"),
    ...curves({ x, y, path }),
    ...namesAtTheEnd(names, { right, y }),
    "</g>",
  ]);
}

/** A point of a curve. */
export function dot(cx: number, cy: number, color: string): string {
  return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="4.5" fill="${color}" ` +
    `stroke="${COLORS.card}" stroke-width="2"/>`;
}

/** Round values around a range, at most eight. */
function ticksOf(low: number, high: number): number[] {
  if (!(low <= high)) return [0, 1];
  const span = Math.max(high - low, 0.05 * Math.abs(high), 1e-3);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const unit = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= 6)!;
  const first = Math.floor(low / unit);
  const last = Math.max(first + 1, Math.ceil(high / unit));
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * unit);
}

function decimals(unit: number): number {
  return Math.max(0, Math.ceil(-Math.log10(unit) - 1e-9));
}

/** A name that fits beside a picture. */
function shortened(name: string): string {
  return name.length <= NAMES.characters ? name : `${name.slice(0, NAMES.characters - 1)}\u2026`;
}

/** Names with their last values beside the right end of the curves, moved apart where they meet. */
function namesAtTheEnd(
  names: readonly (Omit<CurveEnd, "name"> & { readonly text: string })[],
  { right, y }: { readonly right: number } & Pick<Positions, "y">,
): readonly string[] {
  const apart = 18;
  const sorted = names.toSorted((a, b) => b.value - a.value);
  let previous = -Infinity;
  const heights = sorted.map(({ value }) => previous = Math.max(y(value) + 4, previous + apart));
  const excess = Math.max(0, (heights.at(-1) ?? 0) - FRAME.bottom - 4);
  return sorted.map(({ text, color }, i) =>
    label({ x: right + 16, y: heights[i]! - excess, color }, text)
  );
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
  return `<text ${attributes.join(" ")}>${escaped(text)}</text>`;
}
