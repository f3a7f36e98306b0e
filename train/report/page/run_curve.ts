/**
 * The loss curves of one run or several, from their histories.
 *
 * @module
 */
import { bitsPerCharacter } from "@transformer-xl/eval";
import { comparedCurves, lossCurve, type Losses } from "./loss_curve.ts";
import type { RunHistory } from "../history/run_history.ts";
import type { NamedRun } from "./run_data.ts";

/** Characters of names that fit into a title. */
const TITLE_LENGTH = 80;

/** The loss curve: bits per character for characters and bytes, nats per token for words. */
export function runCurve({ name, history }: NamedRun): string {
  const { isOfCharacters, step } = history;
  const { preset } = history.config ?? {};
  const facts = [
    unitOf(isOfCharacters),
    ...(typeof preset === "string" ? [`preset ${preset}`] : []),
    `${step.toLocaleString("en")} steps`,
  ];
  return lossCurve({
    title: `Loss of ${name}`,
    subtitle: facts.join("; "),
    losses: lossesOf(history, { inBits: isOfCharacters }),
  });
}

/** The curves of several runs: bits per character if all are of characters, else nats per token. */
export function comparedRuns(runs: readonly NamedRun[]): string {
  const inBits = runs.every(({ history }) => history.isOfCharacters);
  const names = runs.map(({ name }) => name).join(", ");
  return comparedCurves({
    title: `Validation loss of ${names.length <= TITLE_LENGTH ? names : `${runs.length} runs`}`,
    subtitle: unitOf(inBits),
    runs: runs.map(({ name, history }) => ({ name, ...lossesOf(history, { inBits }) })),
  });
}

function unitOf(inBits: boolean): string {
  return inBits ? "bits per character" : "nats per token";
}

function lossesOf(
  { steps, validations, testNats, step }: RunHistory,
  { inBits }: { readonly inBits: boolean },
): Losses {
  const point = ({ step, lossNats }: { readonly step: number; readonly lossNats: number }) => ({
    step,
    loss: inBits ? bitsPerCharacter(lossNats) : lossNats,
  });
  return {
    train: steps.map(point),
    valid: validations.map(point),
    test: testNats === undefined ? undefined : point({ step, lossNats: testNats }),
  };
}
