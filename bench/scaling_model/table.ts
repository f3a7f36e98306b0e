/**
 * The scaling table: the model of a step for 1 to 64 ranks.
 *
 * @module
 */
import { MAX_IN_FLIGHT } from "@transformer-xl/train";
import { digits } from "../harness/results.ts";
import { modelStep, type ScalingInput } from "./model.ts";
import type { ScalingNumbers } from "./numbers.ts";
import type { RecordedStep } from "./recorded_step.ts";
import type { ScalingFlags } from "./settings.ts";

/** One line of the table. */
export interface ScalingRow {
  /** W: processes. */
  readonly ranks: number;
  /** One step. */
  readonly stepMs: number;
  /** What communication adds to it. */
  readonly exposedMs: number;
  /** Target tokens of all ranks per second. */
  readonly tokensPerSecond: number;
  /** Tokens per second over W times those of one rank. */
  readonly efficiency: number;
}

const RANKS = [1, 2, 4, 8, 16, 32, 64];

/** The rows; numbers of ranks that cannot share the batch are left out. */
export function scalingRows(
  flags: Pick<ScalingFlags, "weak" | "networkGbS" | "gpusPerMachine">,
  numbers: ScalingNumbers,
  recorded: RecordedStep,
): ScalingRow[] {
  const rows: ScalingRow[] = [];
  for (const ranks of RANKS) {
    if (!flags.weak && recorded.batchSize % ranks !== 0) continue;
    const step = modelStep(inputOf(flags, numbers, recorded, ranks), ranks);
    const tokens = recorded.tokens * (flags.weak ? ranks : 1);
    const tokensPerSecond = 1000 * tokens / step.stepMs;
    const one = rows[0]?.tokensPerSecond ?? tokensPerSecond;
    rows.push({ ranks, ...step, tokensPerSecond, efficiency: tokensPerSecond / (ranks * one) });
  }
  return rows;
}

/** The step of one of `ranks`: its share of the batch, in chunks no wider than those of one rank. */
function inputOf(
  { weak, networkGbS = Infinity, gpusPerMachine = Infinity }: Parameters<typeof scalingRows>[0],
  numbers: ScalingNumbers,
  { batchChunk, buckets }: RecordedStep,
  ranks: number,
): ScalingInput {
  const chunks = weak ? batchChunk : Math.max(1, Math.ceil(batchChunk / ranks));
  const ringGbS = numbers.ringGbS.value;
  return {
    computeMs: numbers.computeMs.value / (weak ? 1 : ranks),
    updateMs: numbers.updateMs.value,
    // Gradients are exchanged while the last chunk runs.
    buckets: buckets.map(({ bytes, finalAt }) => ({
      bytes,
      finalAt: (chunks - 1 + finalAt) / chunks,
    })),
    readbackGbS: numbers.readbackGbS.value,
    uploadGbS: numbers.uploadGbS.value,
    // A ring is as fast as its slowest link.
    linkGbS: ranks > gpusPerMachine ? Math.min(ringGbS, networkGbS) : ringGbS,
    hopMs: numbers.hopUs.value / 1000,
    maxInFlight: MAX_IN_FLIGHT,
  };
}

/** Rows as lines. */
export function scalingLines(rows: readonly ScalingRow[]): string[] {
  const cells = rows.map(({ ranks, stepMs, exposedMs, tokensPerSecond, efficiency }) => [
    String(ranks),
    digits(stepMs),
    digits(exposedMs),
    digits(tokensPerSecond),
    `${(100 * efficiency).toFixed(0)}%`,
  ]);
  const titles = ["ranks", "ms per step", "exposed ms", "tokens/s", "efficiency"];
  return [titles, ...cells].map((line) => line.map((cell) => cell.padStart(12)).join(""));
}
