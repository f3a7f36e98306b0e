/**
 * Table of the loss by length of the memory, with the relative gain of every step.
 *
 * @module
 */
import { bitsPerCharacter } from "../../metrics.ts";
import { tableHtml } from "../../page/html.ts";
import { perplexityText } from "../../report/loss_text.ts";
import type { EffectiveContext, GainMeasure } from "../effective_context.ts";
import type { Inspection } from "../inspect.ts";

/** What a measure counts, in few words. */
export function measureName(measure: GainMeasure): string {
  if (measure === "all") return "all tokens";
  return measure === 1 ? "RECL, r = 1" : `RECL, r = ${measure}`;
}

/** An effective length as text: a number of rows, or the least it can be. */
export function contextText({ memLen, isLowerBound }: EffectiveContext): string {
  return `${isLowerBound ? "≥ " : ""}${memLen.toLocaleString("en")}`;
}

/** A loss in the unit of the model. */
export function inUnit(lossNats: number, isOfCharacters: boolean): string {
  return isOfCharacters ? bitsPerCharacter(lossNats).toFixed(3) : perplexityText(lossNats, 0, 2);
}

/** The table; its last row has the effective lengths. */
export function curveTable(
  { curve, contexts }: Pick<Inspection, "curve" | "contexts">,
  isOfCharacters: boolean,
): string {
  const number = (text: string) => `<td class="number">${text}</td>`;
  const unit = isOfCharacters ? "Bits per character" : "Perplexity";
  const names = ["Memory", "Loss", unit, ...contexts.map(({ measure }) => measureName(measure))];
  const head = names.map((name) => `<th scope="col" class="number">${name}</th>`).join("");
  const body = curve.map(({ memLen, lossNats }, i) => {
    const gains = contexts.map(({ gains }) => i === 0 ? "" : percent(gains[i - 1]!));
    const cells = [lossNats.toFixed(4), inUnit(lossNats, isOfCharacters), ...gains];
    return `<tr><th scope="row" class="number">${memLen.toLocaleString("en")}</th>${
      cells.map(number).join("")
    }</tr>`;
  });
  const foot = `<tr><th scope="row" colspan="3">Effective context length, rows</th>${
    contexts.map((context) => number(contextText(context))).join("")
  }</tr>`;
  return tableHtml(
    "curve",
    `<thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody>\n<tfoot>${foot}</tfoot>`,
  );
}

/** A share in percent, with a sign of its own width in front of negative ones. */
function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`.replace("-", "−");
}

/** A threshold in percent, with the digits that it has. */
export function thresholdText(threshold: number): string {
  return `${Number((100 * threshold).toPrecision(12))}\u00a0%`;
}
