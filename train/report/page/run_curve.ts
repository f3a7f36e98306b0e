/**
 * The loss curve of a run, from its history.
 *
 * @module
 */
import { bitsPerCharacter } from "@transformer-xl/eval";
import { lossCurve } from "./loss_curve.ts";
import type { NamedRun } from "./run_data.ts";

/** The loss curve: bits per character for characters and bytes, nats per token for words. */
export function runCurve({ name, history }: NamedRun): string {
  const { isOfCharacters, testNats, step } = history;
  const point = ({ step, lossNats }: { readonly step: number; readonly lossNats: number }) => ({
    step,
    loss: isOfCharacters ? bitsPerCharacter(lossNats) : lossNats,
  });
  const { preset } = history.config ?? {};
  const facts = [
    isOfCharacters ? "bits per character" : "nats per token",
    ...(typeof preset === "string" ? [`preset ${preset}`] : []),
    `${step.toLocaleString("en")} steps`,
  ];
  return lossCurve({
    title: `Loss of ${name}`,
    subtitle: facts.join("; "),
    losses: {
      train: history.steps.map(point),
      valid: history.validations.map(point),
      test: testNats === undefined ? undefined : point({ step, lossNats: testNats }),
    },
  });
}
