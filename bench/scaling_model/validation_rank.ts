/**
 * One of two ranks that train a small model to validate the scaling model. Without arguments and
 * launcher it launches both. Process 0 prints a {@link ValidationTimes} as JSON.
 *
 * @module
 */
import { createModel } from "@transformer-xl/model";
import { type Device, type ProcessGroup, runMain } from "@transformer-xl/runtime";
import { stepOptions, trainLengths, TrainStep } from "@transformer-xl/train";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { runMeasuredJob } from "../processes/measured_job.ts";
import { validationRun, type ValidationTimes } from "./validation_run.ts";

const WARM_UPS = 3;
const ROUNDS = 15;
const LEARNING_RATE = 1e-3;

const JOB = { size: 2, device: "gpu", oversubscribe: true, timeoutMs: 60_000 } as const;

if (import.meta.main) await runMain(() => runMeasuredJob(JOB, measure));

/** Steps with and without exchange, and updates alone, in turns; both processes always do the same. */
async function measure(device: Device, group: ProcessGroup): Promise<ValidationTimes> {
  const { config, modelConfig } = validationRun();
  const model = await createModel(device, modelConfig, { training: true, seed: config.seed });
  const lengths = trainLengths(config);
  const options = stepOptions(config);
  const alone = await TrainStep.record(model, lengths, options);
  const joined = await TrainStep.record(model, lengths, options, group);
  const [segment] = zipfSegments(config, modelConfig.nToken, config.seed + group.rank, 1);
  const timed = async (run: () => unknown): Promise<number> => {
    await device.idle();
    await group.barrier();
    const startMs = performance.now();
    await run();
    await device.idle();
    return performance.now() - startMs;
  };
  const update = { lr: 0, slot: 0, biasCorrection1: 1, biasCorrection2: 1 };
  const times: ValidationTimes = { aloneMs: [], joinedMs: [], updateMs: [] };
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    const aloneMs = await timed(() => alone.run(segment!, { lr: LEARNING_RATE }));
    const joinedMs = await timed(() => joined.runAsync(segment!, { lr: LEARNING_RATE }));
    const updateMs = await timed(() => alone.plans.at(-1)!.run(update));
    if (round < WARM_UPS) continue;
    times.aloneMs.push(aloneMs);
    times.joinedMs.push(joinedMs);
    times.updateMs.push(updateMs);
  }
  return times;
}
