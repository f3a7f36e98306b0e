/**
 * Validation of the scaling model with two processes on this machine.
 *
 * @module
 */
import type { GpuDevice } from "@transformer-xl/runtime";
import { MAX_IN_FLIGHT } from "@transformer-xl/train";
import { digits } from "../harness/results.ts";
import { modelStep } from "./model.ts";
import type { ScalingNumbers } from "./numbers.ts";
import { recordStep } from "./recorded_step.ts";
import { validationRun, type ValidationTimes } from "./validation_run.ts";

/**
 * Measures two processes that share this machine and predicts their step from what it takes without
 * exchange, also in two processes. One line.
 *
 * @throws {Error} with what the processes printed, when one fails
 */
export async function validate(device: GpuDevice, numbers: ScalingNumbers): Promise<string> {
  const { buckets, parameters } = await recordStep(validationRun(), 1, device.limits);
  const times = await timesOfTwo();
  const [aloneMs, joinedMs, updateMs] = [times.aloneMs, times.joinedMs, times.updateMs].map(median);
  const input = {
    computeMs: aloneMs! - updateMs!,
    updateMs: updateMs!,
    buckets,
    readbackGbS: numbers.readbackGbS.value,
    uploadGbS: numbers.uploadGbS.value,
    linkGbS: numbers.ringGbS.value,
    hopMs: numbers.hopUs.value / 1000,
    maxInFlight: MAX_IN_FLIGHT,
  };
  const { stepMs } = modelStep(input, 2);
  const inTurnsMs = buckets.reduce((sum, bucket) => {
    const only = { ...input, computeMs: 0, updateMs: 0, buckets: [bucket] };
    return sum + modelStep(only, 2).stepMs;
  }, aloneMs!);
  const range = `${digits(Math.min(...times.joinedMs))} to ${digits(Math.max(...times.joinedMs))}`;
  return `validation, ${digits(parameters / 1e6)} million parameters, two processes: ` +
    `model ${digits(stepMs)} ms, ${digits(inTurnsMs)} ms if nothing ran beside anything else; ` +
    `measured ${digits(joinedMs!)} ms (${range}), ${digits(aloneMs!)} ms without exchange`;
}

async function timesOfTwo(): Promise<ValidationTimes> {
  const script = new URL("./validation_rank.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script.href],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (code === 0) return JSON.parse(decoder.decode(stdout));
  throw new Error(
    `Cannot validate the model: the processes ended with ${code}, ` +
      `they printed "${decoder.decode(stderr).trim()}"`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
