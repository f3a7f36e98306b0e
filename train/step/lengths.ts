/**
 * Lengths of the recordings of a configuration.
 *
 * @module
 */
import type { OptimizerChoice } from "@transformer-xl/kernels";
import { columnShare, COMPAT_RULES, type Lengths } from "@transformer-xl/model";
import { lossScaleOf, type TrainConfig } from "../config.ts";
import type { StepOptions } from "./train_step.ts";

/** The rank of the lengths, and the number of ranks that share the batch. */
export interface Share {
  /** Number of the process, from 0. */
  readonly rank: number;
  /** Processes. */
  readonly size: number;
}

/** The share of a single process. */
export const WHOLE: Share = { rank: 0, size: 1 };

/** Lengths of a training step, of all columns of a process. */
export function trainLengths(
  { batchSize, tgtLen, extLen, memLen }: TrainConfig,
  { size }: Share = WHOLE,
): Lengths {
  return { batchSize: batchSize / size, tgtLen, extLen, memLen };
}

/**
 * Lengths of an evaluation during training: the context of training, split differently: memory
 * grows by what targets lose. The last ranks may have fewer columns.
 */
export function evalLengths(config: TrainConfig, { rank, size }: Share = WHOLE): Lengths {
  const { tgtLen, evalTgtLen, extLen, memLen, evalBatchSize } = config;
  return {
    batchSize: columnShare(evalBatchSize, rank, size).columns,
    tgtLen: evalTgtLen,
    extLen,
    memLen: memLen === 0 ? 0 : memLen + tgtLen - evalTgtLen,
  };
}

/** The optimizer of a configuration. */
export function optimizerOf(
  { optim, weightDecay, mom, compat }: Pick<
    TrainConfig,
    "optim" | "weightDecay" | "mom" | "compat"
  >,
): OptimizerChoice {
  return {
    kind: optim,
    weightDecay,
    momentum: mom,
    zeroRatio: COMPAT_RULES[compat].movesZeroTensors ? 1 : 0,
  };
}

/** Options of a step of one process. */
export function stepOptions(config: TrainConfig, share: Share = WHOLE): StepOptions {
  const { batchChunk, clip, logInterval } = config;
  const seed = config.seed + (COMPAT_RULES[config.compat].sharesMasks ? 0 : share.rank);
  const lossScale = lossScaleOf(config);
  return {
    batchChunk,
    clip,
    seed,
    optimizer: optimizerOf(config),
    ...(lossScale !== undefined && { lossScale }),
    ringSize: logInterval,
  };
}
