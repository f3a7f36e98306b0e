/**
 * The log lines of training, in the reference's format.
 *
 * @module
 */
import { type LossStyle, lossText, mean, RULE, weightedMean } from "@transformer-xl/eval";
import { type Compat, COMPAT_RULES } from "@transformer-xl/model";
import { fixed, scientific } from "@transformer-xl/runtime";
import type { DroppedEvent, LogEvent } from "../events.ts";
import type { StepMetrics } from "../step/metric_rings.ts";

const THIN_RULE = "-".repeat(100);

/** The line of the steps since the last one, with their mean loss. */
export function stepLine(
  { epoch, step, batch, batchCount, lr, msPerBatch, tokensPerSecond }: Omit<
    LogEvent,
    "kind" | "metrics" | "ownMetrics"
  >,
  lossNats: number,
  style: LossStyle,
): string {
  return `| epoch ${String(epoch).padStart(3)} step ${String(step).padStart(8)} | batches ${
    String(batch).padStart(6)
  } / ${batchCount} | lr ${scientific(lr, 3)} | ms/batch ${fixed(msPerBatch, 5, 1)} | tok/s ${
    fixed(tokensPerSecond, 7, 0)
  } | loss ${fixed(lossNats, 5, 2)} | ${lossText(lossNats, style, 2)}`;
}

/**
 * The line about skipped updates; empty if there are none.
 *
 * @param step the last step of `metrics`
 */
export function skippedLine(
  { step, metrics }: { readonly step: number; readonly metrics: readonly StepMetrics[] },
): string | undefined {
  const first = step - metrics.length + 1;
  const skipped = metrics.flatMap(({ applied, lossScale }, i) =>
    applied ? [] : [`${first + i}${lossScale === 1 ? "" : ` (loss scale now ${lossScale})`}`]
  );
  if (skipped.length === 0) return undefined;
  return `A gradient was not finite, the update was skipped: step ${skipped.join(", ")}`;
}

/** The line about sentences that an epoch left out, as the reference does. */
export function droppedLine({ epoch, pairs, all }: Omit<DroppedEvent, "kind" | "step">): string {
  return `epoch ${epoch} left out ${pairs} of ${all} tokens, those of the last batch of every ` +
    `file, which its sentences do not fill (${(100 * pairs / all).toFixed(2)} %)`;
}

/** The lines of a validation. As in the reference, bits per character have no split name here. */
export function validationLines(
  { index, step, lossNats, elapsedMs }: {
    readonly index: number;
    readonly step: number;
    readonly lossNats: number;
    readonly elapsedMs: number;
  },
  style: LossStyle,
): string[] {
  const unit = `${style.characters ? "" : "valid "}${lossText(lossNats, style)}`;
  return [
    THIN_RULE,
    `| Eval ${String(index).padStart(3)} at step ${String(step).padStart(8)} | time: ${
      fixed(elapsedMs / 1000, 5, 2)
    }s | valid loss ${fixed(lossNats, 5, 2)} | ${unit}`,
    THIN_RULE,
  ];
}

/** The lines of the test at the end. */
export function testLines(
  { lossNats, elapsedMs }: { readonly lossNats: number; readonly elapsedMs: number },
  style: LossStyle,
): string[] {
  return [
    RULE,
    `| End of training | test time: ${fixed(elapsedMs / 1000, 5, 2)}s | test loss ${
      fixed(lossNats, 5, 2)
    } | test ${lossText(lossNats, style)}`,
    RULE,
  ];
}

/** The last lines of a run; throughput only if a step line measured it. */
export function summaryLines(
  { elapsedMs, tokensPerSecond }: {
    readonly elapsedMs: number;
    readonly tokensPerSecond: number | undefined;
  },
): string[] {
  return [
    `Training time: ${fixed(elapsedMs / 60_000, 0, 2)} minutes`,
    ...tokensPerSecond === undefined
      ? []
      : [`Training throughput: ${fixed(tokensPerSecond, 0, 2)} tok/s`],
  ];
}

/**
 * Throughput over the step lines of a run, averaged over time. The first lines, during warm-up, are
 * excluded unless there are no others. The reference's first version drops one line less and does
 * not weight the others.
 *
 * @returns tokens per second; undefined without a line
 */
export function throughputOf(
  lines: readonly Pick<LogEvent, "msPerBatch" | "tokensPerSecond" | "metrics">[],
  { memLen, tgtLen, compat }: {
    readonly memLen: number;
    readonly tgtLen: number;
    readonly compat: Compat;
  },
): number | undefined {
  const { weightsThroughput } = COMPAT_RULES[compat];
  const steady = lines.slice(Math.floor(memLen / tgtLen) + (weightsThroughput ? 2 : 1));
  const kept = steady.length > 0 ? steady : lines;
  if (kept.length === 0) return undefined;
  const rates = kept.map(({ tokensPerSecond }) => tokensPerSecond);
  if (!weightsThroughput || kept.length === 1) return mean(rates);
  return weightedMean(rates, kept.map(({ msPerBatch, metrics }) => msPerBatch * metrics.length));
}
