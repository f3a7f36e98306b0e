/**
 * The launches and clears that one training step executes, from its recording, without a device.
 *
 * @module
 */
import { Model } from "@transformer-xl/model";
import {
  type DeviceLimits,
  DryDevice,
  type Executable,
  type Recording,
  type Role,
  type ScalarValues,
} from "@transformer-xl/runtime";
import { stepOptions, trainLengths, TrainStep } from "@transformer-xl/train";
import type { ReportRun } from "../gpu_report/settings.ts";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";

/** One plan of a step with the numbers of one run. */
export interface PlanRun {
  /** What would run. */
  readonly recording: Recording;
  /** Numbers it was given. */
  readonly scalars: ScalarValues;
}

/** A step that did not run. */
export interface DryStep {
  /** Its plans in order. */
  readonly runs: readonly PlanRun[];
  /** Bytes of the device by role. */
  readonly bytes: ReadonlyMap<Role, number>;
  /** Target tokens. */
  readonly tokens: number;
}

const SEED = 1111;
const LEARNING_RATE = 1e-3;

/** A dry device whose plans can be run: the runs are kept and nothing is computed. */
class ListeningDevice extends DryDevice {
  readonly runs: PlanRun[] = [];

  override async compile(recording: Recording): Promise<Executable> {
    const { runs } = this;
    return {
      ...await super.compile(recording),
      *run(_inputs, scalars) {
        runs.push({ recording, scalars: new Map(scalars) });
        yield;
      },
    };
  }
}

/**
 * The second step of a run on generated text, whose memory the first one has filled: its clusters
 * have as many tokens as the ids say, so that empty launches are known.
 */
export async function dryStep(
  { config, modelConfig }: ReportRun,
  limits: DeviceLimits,
): Promise<DryStep> {
  const device = new ListeningDevice(limits);
  const model = new Model(device, modelConfig, { fp16: config.fp16 });
  model.store.allocate(device, { gradients: true });
  const lengths = trainLengths(config);
  const step = await TrainStep.record(model, lengths, stepOptions(config));
  const plans = step.plans.length;
  for (const segment of zipfSegments(lengths, modelConfig.nToken, SEED, 2)) {
    step.run(segment, { lr: LEARNING_RATE });
  }
  return {
    runs: device.runs.slice(plans),
    bytes: new Map(device.liveBytesByRole),
    tokens: config.batchSize * config.tgtLen,
  };
}
