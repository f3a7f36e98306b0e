/**
 * Lengths of the recordings that a configuration needs.
 *
 * @module
 */
import type { Lengths } from "@transformer-xl/model";
import { lossScaleOf, type TrainConfig } from "./config.ts";
import type { StepSettings } from "./step.ts";

/** Lengths of a training step, of the whole batch. */
export function trainLengths({ batchSize, tgtLen, extLen, memLen }: TrainConfig): Lengths {
  return { batchSize, tgtLen, extLen, memLen };
}

/**
 * Lengths of an evaluation during training: the context of training, cut otherwise. What targets
 * lose, memory gains.
 */
export function evalLengths(config: TrainConfig): Lengths {
  const { tgtLen, evalTgtLen, extLen, memLen } = config;
  return {
    batchSize: config.evalBatchSize,
    tgtLen: evalTgtLen,
    extLen,
    memLen: memLen === 0 ? 0 : memLen + tgtLen - evalTgtLen,
  };
}

/** Settings of a step. */
export function stepSettings(config: TrainConfig): StepSettings {
  const { batchChunk, clip, seed, weightDecay, logInterval } = config;
  const lossScale = lossScaleOf(config);
  return {
    lengths: trainLengths(config),
    batchChunk,
    clip,
    seed,
    optimizer: { kind: config.optim === "adam" ? "adam" : "lamb", weightDecay },
    ...(lossScale !== undefined && { lossScale }),
    ringSize: logInterval,
  };
}
