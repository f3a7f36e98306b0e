/**
 * Measurement of a training step of one configuration in one precision.
 *
 * @module
 */
import { clusterShares, createModel, type Model } from "@transformer-xl/model";
import { type Device, DeviceError, GpuDevice } from "@transformer-xl/runtime";
import { checkFits, footprint, stepOptions, trainLengths, TrainStep } from "@transformer-xl/train";
import { interleave, type Timing, untilSubmit } from "../harness/timing.ts";
import { opsOf, type Part, productPartsOf } from "./breakdown.ts";
import { LaunchLog } from "./launch_log.ts";
import type { ReportRun } from "./settings.ts";
import { zipfSegments } from "./zipf_segments.ts";

/** A step, measured. */
export interface StepReport extends Timing {
  /** Parameters of the model. */
  readonly parameters: number;
  /** Kernel launches of one step. */
  readonly launches: number;
  /** Tokens of one step. */
  readonly tokens: number;
  /** Bytes allocated on the device. */
  readonly bytes: number;
  /** Work of one step with the clusters as the ids fill them. */
  readonly flops: number;
  /** Milliseconds per step when none waits for the one before, as in training. */
  readonly sustainedMs: number;
  /**
   * Milliseconds per step on the host before `submit`: batches, uploads, encoding; absent where the
   * host is the device.
   */
  readonly hostMs?: number;
  /** Mean loss of the last timed step, nats per token. */
  readonly lossNats: number;
  /** Timed steps whose update was not skipped. */
  readonly applied: number;
  /** Sum over launches of one profiled step; absent without timestamps, as are the parts. */
  readonly profileMs?: number;
  /** By op. */
  readonly ops?: readonly Part[];
  /** By matrix product. */
  readonly products?: readonly Part[];
}

const WARM_UP_STEPS = 3;
const HOST_ROUNDS = 4;
const SEGMENTS = 4;
const LEARNING_RATE = 1e-3;

/**
 * Records the step and measures it: warm-up, and on a GPU profile and host; steps with a fence after
 * each, steps with one fence at the end.
 *
 * @param steps how many to time, twice
 * @throws {DeviceError} when it does not fit, or the adapter refuses the precision
 */
export async function measureStep(
  device: Device,
  { config, modelConfig }: ReportRun,
  steps: number,
): Promise<StepReport> {
  checkFits(await footprint(config, modelConfig, device.limits), device);
  using log = new LaunchLog(device);
  const { seed, fp16 } = config;
  using model = await createModel(device, modelConfig, { training: true, seed, fp16 });
  const { name } = model.precision;
  using step = await recordStep(model, config);
  await device.idle();

  const segments = zipfSegments(trainLengths(config), modelConfig.nToken, config.seed, SEGMENTS);
  let done = 0;
  const next = () => segments[done++ % segments.length]!;
  const rates = { lr: LEARNING_RATE };
  const run = () => step.run(next(), rates);
  for (let i = 0; i < WARM_UP_STEPS; i++) run();
  await device.idle();
  if (device.info.features.includes("timestamp-query")) await step.profile(next(), rates);
  const hostMs = device instanceof GpuDevice ? await hostTime(device, name, run) : undefined;
  const eachMs: number[] = [];
  for (let i = 0; i < steps; i++) eachMs.push(await timed(device, run));
  const sustainedMs = await timed(device, () => {
    for (let i = 0; i < steps; i++) run();
  }) / steps;
  const metrics = await step.metrics(steps);
  await device.idle(); // rejects with the first device error

  return {
    ...timingOf(name, eachMs),
    parameters: model.store.count,
    launches: step.plans.reduce((sum, { launchCount }) => sum + launchCount, 0),
    tokens: config.batchSize * config.tgtLen,
    bytes: device.liveBytes,
    flops: step.cost(clusterShares(modelConfig, segments[0]!.targets)).flops,
    sustainedMs,
    ...(hostMs !== undefined && { hostMs }),
    lossNats: metrics.at(-1)!.lossNats,
    applied: metrics.filter(({ applied }) => applied).length,
    ...(log.runs.length > 0 && {
      profileMs: log.runs.flatMap(({ elapsedMs }) => elapsedMs).reduce((sum, ms) => sum + ms, 0),
      ops: opsOf(log.runs),
      products: productPartsOf(log.runs),
    }),
  };
}

/** Memory that only the driver knows to be short is reported with the flags that reduce it. */
async function recordStep(
  model: Model,
  config: ReportRun["config"],
): Promise<TrainStep> {
  try {
    const step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
    await model.device.idle();
    return step;
  } catch (error) {
    if (!(error instanceof DeviceError) || error.reason !== "out-of-memory") throw error;
    throw new DeviceError(
      error.reason,
      `${error.message}; lower --batch_size, --tgt_len or --mem_len`,
    );
  }
}

async function hostTime(device: GpuDevice, name: string, run: () => void): Promise<number> {
  const options = { sampleMs: 1, rounds: HOST_ROUNDS };
  const [host] = await interleave([untilSubmit(device, name, run)], options);
  return host!.medianMs;
}

async function timed(device: Device, run: () => void): Promise<number> {
  const startMs = performance.now();
  run();
  await (device instanceof GpuDevice ? device.fence() : device.idle());
  return performance.now() - startMs;
}

function timingOf(name: string, perRunMs: readonly number[]): Timing {
  const sorted = perRunMs.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const medianMs = sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return {
    name,
    medianMs,
    minMs: sorted[0]!,
    maxMs: sorted.at(-1)!,
    samples: sorted.length,
    runs: 1,
  };
}
