/**
 * The loss curve of a run as SVG: training, validation and test loss over steps.
 *
 * @module
 */
import { dot, finitePoints, FRAME, lossFrame, type LossPoint } from "./loss_frame.ts";
import { COLORS } from "./svg.ts";

/** The losses of a run. */
export interface Losses {
  /** Mean of the steps since the previous point. */
  readonly train: readonly LossPoint[];
  /** Evaluations on the validation split. */
  readonly valid: readonly LossPoint[];
  /** Evaluation on the test split. */
  readonly test?: LossPoint | undefined;
}

/** The loss curve under `title` and `subtitle`. */
export function lossCurve(
  { title, subtitle, losses }: {
    readonly title: string;
    readonly subtitle: string;
    readonly losses: Losses;
  },
): string {
  const [train, valid] = [finitePoints(losses.train), finitePoints(losses.valid)];
  const test = finitePoints(losses.test === undefined ? [] : [losses.test]);
  const ends = [
    { name: "training", point: train.at(-1), color: COLORS.train },
    { name: "validation", point: valid.at(-1), color: COLORS.valid },
    { name: "test", point: test[0], color: COLORS.test },
  ].flatMap(({ name, point, color }) =>
    point === undefined ? [] : [{ name, value: point.loss, color }]
  );
  return lossFrame({
    title,
    subtitle,
    ends,
    points: [...train, ...valid, ...test],
    curves: ({ x, y, path }) => [
      ...(train.length === 0 ? [] : [
        `<defs><linearGradient id="below" x1="0" x2="0" y1="0" y2="1">`,
        `<stop offset="0" stop-color="${COLORS.train}" stop-opacity="0.32"/>`,
        `<stop offset="1" stop-color="${COLORS.train}" stop-opacity="0.02"/></linearGradient></defs>`,
        `<path d="${path(train)} L${x(train.at(-1)!.step).toFixed(1)} ${FRAME.bottom} L${
          x(train[0]!.step).toFixed(1)
        } ${FRAME.bottom} Z" fill="url(#below)"/>`,
        `<path d="${path(train)}" fill="none" stroke="${COLORS.train}" stroke-width="2.2" ` +
        `stroke-linejoin="round"/>`,
      ]),
      ...(valid.length === 0 ? [] : [
        `<path d="${path(valid)}" fill="none" stroke="${COLORS.valid}" stroke-width="1.6" ` +
        `stroke-dasharray="2 5" stroke-linecap="round"/>`,
        ...valid.map((point) => dot(x(point.step), y(point.loss), COLORS.valid)),
      ]),
      ...test.map((point) => dot(x(point.step), y(point.loss), COLORS.test)),
    ],
  });
}

/** A run's losses in a picture of several. */
export interface NamedLosses extends Losses {
  /** Name beside the end of its curve. */
  readonly name: string;
}

/**
 * The validation losses of several runs. A run without validations has the losses of its training.
 */
export function comparedCurves(
  { title, subtitle, runs }: {
    readonly title: string;
    readonly subtitle: string;
    readonly runs: readonly NamedLosses[];
  },
): string {
  const curves = runs.map(({ name, train, valid }, i) => {
    const validations = finitePoints(valid);
    const isDotted = validations.length > 0;
    const points = isDotted ? validations : finitePoints(train);
    return { name, points, isDotted, color: COLORS.runs[i % COLORS.runs.length]! };
  }).filter(({ points }) => points.length > 0);
  return lossFrame({
    title,
    subtitle,
    points: curves.flatMap(({ points }) => points),
    ends: curves.map(({ name, points, color }) => ({ name, color, value: points.at(-1)!.loss })),
    curves: ({ x, y, path }) =>
      curves.flatMap(({ color, points, isDotted }) => [
        `<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="2.2" ` +
        `stroke-linejoin="round"/>`,
        ...(isDotted ? points.map((point) => dot(x(point.step), y(point.loss), color)) : []),
      ]),
  });
}
