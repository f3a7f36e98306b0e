/**
 * Growth with the number of processes, each with a batch of its own.
 *
 * @module
 */
import { assignGpus, listAdapters } from "@transformer-xl/runtime";
import { spreadOf } from "../benchmark/spread.ts";
import { rate, textTable } from "../benchmark/text_table.ts";
import { weakScalingSchema } from "../benchmark/settings.ts";
import { measureProcesses } from "../benchmark/weak_scaling.ts";
import { digits } from "../harness/results.ts";
import { ALLOWED } from "./measured_cells.ts";

/** How processes are measured. */
export interface ProcessOptions {
  /** Doublings of one process. */
  readonly doublings: number;
  /** Samples of every number, in turns. */
  readonly rounds: number;
  /** Steps of a sample. */
  readonly steps: number;
}

/**
 * A table of steps of `tiny` in 1, 2, 4... processes. Where each has a GPU of its own, time should
 * not grow; where they share one, it should double.
 */
export async function processLines(
  { doublings, rounds, steps }: ProcessOptions,
): Promise<string[]> {
  const sizes = Array.from({ length: doublings + 1 }, (_, n) => 2 ** n);
  const adapters = await listAdapters();
  const flags = weakScalingSchema.parse({ preset: "tiny", batchSize: 8, steps });
  const samples = sizes.map((size) => ({ size, ms: [] as number[], tokens: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const sample of round % 2 === 0 ? samples : samples.toReversed()) {
      const { size } = sample;
      const job = { size, oversubscribe: true, sizes: flags, batchSize: 8, fp16: false, steps };
      const { stepMs, tokens } = await measureProcesses(job);
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

/** Most processes on one adapter. */
function shareOf(adapters: Awaited<ReturnType<typeof listAdapters>>, size: number): number {
  const assigned = assignGpus({ adapters, wanted: size, oversubscribe: true });
  return Math.max(...Map.groupBy(assigned, (gpu) => gpu).values().map(({ length }) => length));
}
