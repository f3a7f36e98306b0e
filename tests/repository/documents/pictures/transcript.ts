/**
 * The transcript of a quickstart: the lines worth showing and the losses they contain.
 *
 * @module
 */

import type { Losses, LossPoint } from "@transformer-xl/train/report";

/** The losses of a quickstart, in bits per character. */
export interface QuickstartLosses extends Losses {
  /** The evaluation on the test split after the last step. */
  readonly test: LossPoint;
}

const STEP = /^\| epoch +\d+ step +(\d+) .* bpc +([\d.]+)/;
const EVALUATION = /^\| Eval +\d+ at step +(\d+) .* bpc +([\d.]+)/;
const TEST = /^\| End of training .* test bpc +([\d.]+)/;

/** Stands for lines left out. */
export const ELLIPSIS = "⋮";

/**
 * The losses of a transcript.
 *
 * @throws {Error} if training did not finish
 */
export function lossesOf(transcript: string): QuickstartLosses {
  const points = (pattern: RegExp) =>
    transcript.split("\n").flatMap((line) => {
      const [, step, bits] = pattern.exec(line) ?? [];
      return step === undefined ? [] : [{ step: Number(step), loss: Number(bits) }];
    });
  const [train, valid] = [points(STEP), points(EVALUATION)];
  const tested = transcript.split("\n").map((line) => TEST.exec(line)).find((found) => found);
  const last = train.at(-1);
  if (!tested || !last) throw new Error("Cannot draw the quickstart: it has no final test");
  return { train, valid, test: { step: last.step, loss: Number(tested[1]) } };
}

/**
 * The lines shown: commands, the device of training, parameters, the first two step lines, each
 * evaluation with the step line before it, and the results. Runs of other lines become one
 * {@link ELLIPSIS}; rules and blank lines are left out.
 */
export function shownLines(transcript: string): readonly string[] {
  const lines = transcript.split("\n").map((line) => line.trimEnd())
    .filter((line) => !/^(?:-+|=+)?$/.test(line));
  const firstStep = lines.findIndex((line) => STEP.test(line));
  const isShown = (line: string, i: number) =>
    SHOWN.test(line) || i < firstStep && /^device: /.test(line) ||
    i === firstStep || i === firstStep + 1 || EVALUATION.test(lines[i + 1] ?? "");
  const shown: string[] = [];
  for (const [i, line] of lines.entries()) {
    if (isShown(line, i)) shown.push(line);
    else if (shown.at(-1) !== ELLIPSIS) shown.push(ELLIPSIS);
  }
  while (shown.at(-1) === ELLIPSIS) shown.pop();
  return shown;
}

const SHOWN = new RegExp(
  [
    /^\$ /,
    /^#params/,
    EVALUATION,
    /^\| End of training/,
    /^Training throughput/,
    /^\| (?:valid|test|all) loss/,
  ].map(({ source }) => source).join("|"),
);
