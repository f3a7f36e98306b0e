/**
 * One rank of a weak-scaling measurement. Without a launcher it launches all ranks of its job, which
 * is its argument. Rank 0 prints a {@link ScalingTimes} as JSON.
 *
 * @module
 */
import { createModel, REMEDIES } from "@transformer-xl/model";
import {
  type Device,
  type DeviceChoice,
  type ProcessGroup,
  runMain,
  withRemedies,
} from "@transformer-xl/runtime";
import { checkFits, footprint, stepOptions, trainLengths, TrainStep } from "@transformer-xl/train";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { runMeasuredJob } from "../processes/measured_job.ts";
import { sizedRun, type SizeFlags } from "./sized_run.ts";

/** What is measured. */
export interface ScalingJob {
  /** Processes. */
  readonly size: number;
  /** Where they run, as in training. */
  readonly device: DeviceChoice;
  /** Whether they may share a GPU or the software driver. */
  readonly oversubscribe: boolean;
  /** Model and lengths. */
  readonly sizes: SizeFlags;
  /** Columns of each process. */
  readonly batchSize: number;
  /** Half precision. */
  readonly fp16: boolean;
  /** Timed steps. */
  readonly steps: number;
}

/** What rank 0 measured. */
export interface ScalingTimes {
  /** Adapter of rank 0 as its driver names it, or the CPU. */
  readonly adapter: string;
  /** Milliseconds per step, all steps submitted as in training. */
  readonly stepMs: number;
  /** Target tokens of all processes in one step. */
  readonly tokens: number;
}

const TIMEOUT_MS = 600_000;
const WARM_UPS = 3;
const SEGMENTS = 4;
const LEARNING_RATE = 1e-3;

if (import.meta.main) await runMain(() => withRemedies(REMEDIES, main));

async function main(): Promise<number> {
  const [text] = Deno.args;
  const job = JSON.parse(text!) as ScalingJob;
  return await runMeasuredJob(
    { ...job, halves: job.fp16, timeoutMs: TIMEOUT_MS },
    (device, group) => measure(device, group, job),
  );
}

async function measure(
  device: Device,
  group: ProcessGroup,
  { size, sizes, batchSize, fp16, steps }: ScalingJob,
): Promise<ScalingTimes> {
  const { config, modelConfig } = sizedRun(sizes, { batchSize, steps, fp16 });
  checkFits(await footprint(config, modelConfig, device.limits), device);
  const { seed } = config;
  using model = await createModel(device, modelConfig, { training: true, seed, fp16 });
  using step = await TrainStep.record(model, trainLengths(config), stepOptions(config), group);
  const segments = zipfSegments(config, modelConfig.nToken, seed + group.rank, SEGMENTS);
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await step.runAsync(segments[i % SEGMENTS]!, { lr: LEARNING_RATE });
    }
    await device.idle();
    await group.barrier();
  };
  await run(WARM_UPS);
  const startMs = performance.now();
  await run(steps);
  return {
    adapter: device.info.adapter,
    stepMs: (performance.now() - startMs) / steps,
    tokens: size * batchSize * config.tgtLen,
  };
}
