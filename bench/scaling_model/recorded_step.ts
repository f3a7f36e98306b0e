/**
 * Inputs of the scaling model from a recording without a device: the work of a configuration, and the
 * time at which each bucket of its gradients is final.
 *
 * @module
 */
import { Model } from "@transformer-xl/model";
import { type Cost, type DeviceLimits, DryDevice } from "@transformer-xl/runtime";
import {
  bucketsOf,
  PRESETS,
  stepOptions,
  trainLengths,
  trainSchema,
  TrainStep,
} from "@transformer-xl/train";
import { type ReportRun, reportRun } from "../gpu_report/settings.ts";
import type { ModelBucket } from "./model.ts";
import { wordShares } from "../harness/word_shares.ts";

/** A configuration as its recording shows it. */
export interface RecordedStep {
  /** Columns of the batch of all processes. */
  readonly batchSize: number;
  /** Chunks in which one process takes them. */
  readonly batchChunk: number;
  /** Target tokens of the whole batch. */
  readonly tokens: number;
  /** Parameters, padding included. */
  readonly parameters: number;
  /** Floating-point operations of forward and backward, whole batch. */
  readonly flops: number;
  /** Work of the update, the same on every process. */
  readonly update: Cost;
  /** Buckets of the gradients; `finalAt` is the part of the work of the last chunk. */
  readonly buckets: readonly ModelBucket[];
}

const GRADIENT_BYTES = 4;

/** Records one chunk of a run, of `batchChunk` in all, with tokens as frequent as words. */
export async function recordStep(
  { config, modelConfig }: ReportRun,
  batchChunk: number,
  limits: DeviceLimits,
): Promise<RecordedStep> {
  const device = new DryDevice(limits);
  const model = Model.allocate(device, modelConfig, { training: true });
  const step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const shares = wordShares(modelConfig);
  const { flops } = step.costBefore(Infinity, shares);
  const buckets = bucketsOf(step.plans[0]!, model.store);
  const batchSize = config.batchSize * batchChunk;
  return {
    batchSize,
    batchChunk,
    tokens: batchSize * config.tgtLen,
    parameters: buckets.reduce((sum, { length }) => sum + length, 0),
    flops: flops * batchChunk,
    update: step.plans.at(-1)!.cost,
    buckets: buckets.map(({ length, finalCommand }) => ({
      bytes: GRADIENT_BYTES * length,
      finalAt: step.costBefore(finalCommand + 1, shares).flops / flops,
    })),
  };
}

/** Records a preset, chunk by chunk as one process takes it. */
export function recordPreset(preset: string, limits: DeviceLimits): Promise<RecordedStep> {
  const { batchChunk } = trainSchema.parse(PRESETS[preset]!);
  const asInPreset = { batchSize: null, tgtLen: null, memLen: null, steps: 1 };
  return recordStep(reportRun({ preset, ...asInPreset }, false), batchChunk, limits);
}
