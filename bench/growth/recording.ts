/**
 * Times to record large models without a device: many layers, many words.
 *
 * @module
 */
import { Model, modelConfig } from "@transformer-xl/model";
import { type DeviceLimits, DryDevice, type PlanTimes } from "@transformer-xl/runtime";
import { TrainStep } from "@transformer-xl/train";
import { digits } from "../harness/results.ts";
import { modelOfSizes } from "./grown_step.ts";
import type { StepSizes } from "./axes.ts";

/** A model whose recording is timed. */
export interface LargeModel extends Pick<StepSizes, "vocabSize" | "nLayer" | "dModel"> {
  /** Name of the row. */
  readonly name: string;
}

/** The models that must record in seconds. */
export const LARGE_MODELS: readonly LargeModel[] = [
  { name: "16 layers", vocabSize: 33_278, nLayer: 16, dModel: 512 },
  { name: "100 layers", vocabSize: 33_278, nLayer: 100, dModel: 512 },
  { name: "a million words", vocabSize: 1_000_000, nLayer: 2, dModel: 128 },
];

const LENGTHS = { batchSize: 4, tgtLen: 64, memLen: 64 } as const;

/** Records a training step for devices with `limits`; a line with its milliseconds. */
export async function recordingLine(
  { name, ...sizes }: LargeModel,
  limits: DeviceLimits,
): Promise<string> {
  const config = modelConfig(modelOfSizes(sizes));
  const device = new DryDevice(limits);
  const plans: PlanTimes[] = [];
  device.onPlan = (times) => plans.push(times);
  const startMs = performance.now();
  const model = new Model(device, config);
  model.store.allocate(device, { gradients: true });
  using step = await TrainStep.record(model, LENGTHS);
  const wholeMs = performance.now() - startMs;
  const sum = (of: (times: PlanTimes) => number) =>
    digits(plans.reduce((all, times) => all + of(times), 0));
  const launches = step.plans.reduce((all, { launchCount }) => all + launchCount, 0);
  return `${name} : ${digits(wholeMs)} ms for ${launches} launches, of which ` +
    `${sum(({ recordMs }) => recordMs)} to record and ${
      sum(({ compileMs }) => compileMs)
    } to plan memory`;
}
