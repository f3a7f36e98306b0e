/**
 * The training configuration and the model of a benchmark: those of a preset, or smaller ones.
 *
 * @module
 */
import { cutoffsFor, datasetOf } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import { checkTrainConfig, modelOf } from "@transformer-xl/train";
import { type ReportRun, reportRun } from "../gpu_report/settings.ts";
import type { TrainingFlags } from "./settings.ts";

const WIDTHS = ["nLayer", "nHead", "dHead", "dModel", "dInner"] as const;

/** Flags that make a model smaller. */
export type Reductions = Pick<TrainingFlags, (typeof WIDTHS)[number] | "nToken">;

/** Flags that select a model and its lengths. */
export type SizeFlags =
  & Reductions
  & Pick<TrainingFlags, "preset" | "tgtLen" | "memLen" | "seed">;

/** Flags of the widths that were given, by key. */
export function givenWidths(
  flags: Omit<Reductions, "nToken">,
): Partial<Record<(typeof WIDTHS)[number], number>> {
  return Object.fromEntries(
    WIDTHS.flatMap((key) => flags[key] === null ? [] : [[key, flags[key]]]),
  );
}

/** Whether the model is that of the preset, to which published figures belong. */
export function isWhole(flags: Reductions): boolean {
  return flags.nToken === null && Object.keys(givenWidths(flags)).length === 0;
}

/**
 * The run that flags stand for, on text that is generated.
 *
 * @throws {ConfigError} when settings contradict each other
 */
export function sizedRun(
  flags: SizeFlags,
  { batchSize, steps, fp16 }: {
    /** Batch columns of one process. */
    readonly batchSize: number;
    /** Steps whose losses the device keeps. */
    readonly steps: number;
    /** Half precision. */
    readonly fp16: boolean;
  },
): ReportRun {
  const { preset, tgtLen, memLen, seed } = flags;
  const run = reportRun({ preset, batchSize, tgtLen, memLen, steps }, fp16);
  const config = { ...run.config, seed, ...givenWidths(flags) };
  if (isWhole(flags)) return { config, modelConfig: run.modelConfig };
  checkTrainConfig(config);
  const nToken = flags.nToken ?? run.modelConfig.nToken;
  const cutoffs = config.adaptive ? chosenCutoffs(datasetOf(config), nToken) : [];
  return { config, modelConfig: modelOf(config, nToken, cutoffs) };
}

/** Presets decide about clusters; what a benchmark can change is the number of symbols. */
function chosenCutoffs(dataset: string, nToken: number): number[] {
  try {
    return cutoffsFor(dataset, nToken);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${error.message}; give a larger --n_token, or a --preset without clusters`,
    );
  }
}
