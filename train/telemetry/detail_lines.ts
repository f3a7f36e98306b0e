/**
 * Lines of `train --verbose`: what was allocated and recorded, log lines and checkpoints.
 *
 * @module
 */
import {
  type Device,
  environmentLines,
  environmentOf,
  fixed,
  formatBytes,
  hostMemoryLine,
  type Plan,
  type PlanInputs,
  type PlanOutputs,
  roleLines,
} from "@transformer-xl/runtime";
import type { LogEvent, SavedEvent } from "../events.ts";
import type { StepNumbers } from "../step/step_numbers.ts";

/** A device and what was recorded for it. */
export interface RecordedRun {
  /** The device. */
  readonly device: Pick<Device, "info" | "liveBytesByRole" | "budgetBytes">;
  /** Plans of a step, in order. */
  readonly plans: readonly Pick<Plan<PlanInputs, PlanOutputs>, "label" | "launchCount" | "bytes">[];
}

/** Environment, plans and memory, before the first step. */
export function recordedLines({ device, plans }: RecordedRun): string[] {
  const { budgetBytes } = device;
  return [
    ...environmentLines(environmentOf(device.info)),
    "plans of a step",
    ...plans.map(({ label, launchCount, bytes }) =>
      `    - ${label} : ${launchCount} launches, ${formatBytes(sumOf(bytes))} of its own`
    ),
    ...roleLines("allocated device memory", device.liveBytesByRole),
    ...Number.isFinite(budgetBytes) ? [`device memory budget = ${formatBytes(budgetBytes)}`] : [],
    hostMemoryLine(),
  ];
}

/** What a log line leaves out. */
export function stepDetail(
  { dataWaitMs }: Pick<LogEvent, "dataWaitMs">,
  { gradientNorm, lossScale }: StepNumbers,
): string {
  return `    - gradient norm ${
    gradientNorm === undefined ? "none" : fixed(gradientNorm, 0, 3)
  }, ` +
    `loss scale ${lossScale}, waited ${fixed(dataWaitMs, 0, 2)} ms per step for data`;
}

/** A checkpoint with its size and time. */
export function checkpointDetail({ step, path, bytes, elapsedMs }: SavedEvent): string {
  return `checkpoint of step ${step} : ${formatBytes(bytes)} in ${fixed(elapsedMs, 0, 0)} ms, ` +
    JSON.stringify(path);
}

function sumOf(bytes: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(bytes).reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
