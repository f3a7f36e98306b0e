/**
 * Growth with the number of processes, each with a batch of its own.
 *
 * @module
 */
import {
  assignGpus,
  type DeviceChoice,
  type DeviceInfo,
  listAdapters,
} from "@transformer-xl/runtime";
import { spreadOf } from "../benchmark/spread.ts";
import { rate, textTable } from "../benchmark/text_table.ts";
import { weakScalingSchema } from "../benchmark/settings.ts";
import { measureProcesses } from "../benchmark/weak_scaling.ts";
import { digits } from "../harness/results.ts";
import { ALLOWED } from "./measured_cells.ts";

/** How processes are measured. */
export interface ProcessOptions {
  /** Where they run. */
  readonly device: DeviceChoice;
  /** Kind of the device that one process opens by that choice. */
  readonly kind: DeviceInfo["kind"];
  /** Doublings of one process. */
  readonly doublings: number;
  /** Samples of every number, in turns. */
  readonly rounds: number;
  /** Steps of a sample. */
  readonly steps: number;
}

/**
 * A table of steps of `tiny` in 1, 2, 4... processes. Where each has a GPU of its own, time should
 * not grow; where they share one, or the cores of a CPU, it should double.
 */
export async function processLines(
  { device, kind, doublings, rounds, steps }: ProcessOptions,
): Promise<string[]> {
  const sizes = Array.from({ length: doublings + 1 }, (_, n) => 2 ** n);
  const adapters = kind === "cpu" ? undefined : await listAdapters();
  const flags = weakScalingSchema.parse({ preset: "tiny", batchSize: 8, steps });
  const job = { device, oversubscribe: true, sizes: flags, batchSize: 8, fp16: false, steps };
  const samples = sizes.map((size) => ({ size, ms: [] as number[], tokens: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const sample of round % 2 === 0 ? samples : samples.toReversed()) {
      const { size } = sample;
      const { stepMs, tokens } = await measureProcesses({ ...job, size });
      sample.ms.push(stepMs);
      sample.tokens = tokens;
    }
  }
  const rows = samples.map(({ size, ms, tokens }, n) => {
    const before = samples[n - 1];
    const { median, min, max } = spreadOf(ms);
    const row = [
      String(size),
      rate(1000 * tokens / median),
      `${digits(median)} (${digits(min)} to ${digits(max)})`,
    ];
    if (before === undefined) return [...row, ""];
    const work = shareOf(adapters, size) / shareOf(adapters, before.size);
    const growth = spreadOf(ms.map((value, i) => value / before.ms[i]! / work));
    const { median: middle, min: least, max: most } = growth;
    const mark = least > ALLOWED ? " SLOWER" : "";
    return [...row, `${digits(middle)} (${digits(least)} to ${digits(most)})${mark}`];
  });
  return textTable([
    ["processes", "tokens/s", "ms a step", "time / work, cell before = 1"],
    ...rows,
  ]);
}

/** Most processes on one adapter; on the CPU, without adapters, all share its cores. */
function shareOf(
  adapters: Awaited<ReturnType<typeof listAdapters>> | undefined,
  size: number,
): number {
  if (adapters === undefined) return size;
  const assigned = assignGpus({ adapters, wanted: size, oversubscribe: true });
  return Math.max(...Map.groupBy(assigned, (gpu) => gpu).values().map(({ length }) => length));
}
