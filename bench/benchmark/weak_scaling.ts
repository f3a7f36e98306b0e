/**
 * `deno task benchmark scaling`: throughput of training in several processes, each with a batch of its
 * own, beside published figures. The processes are real ones, started by this program's launcher.
 *
 * @module
 */
import { assignGpus, ConfigError, listAdapters } from "@transformer-xl/runtime";
import { publishedModel, trainingFigure } from "../published/find.ts";
import { environmentOfAdapter, environmentText } from "../harness/environment.ts";
import { saveResult } from "../harness/results.ts";
import type { ScalingJob, ScalingTimes } from "./scaling_rank.ts";
import type { WeakScalingFlags } from "./settings.ts";
import { isWhole } from "./sized_run.ts";
import { milliseconds, rate, ratio, textTable } from "./text_table.ts";
import { wholeRunLines } from "../published/whole_runs.ts";

/** A measured number of processes. */
export interface WeakScalingRow {
  /** Processes. */
  readonly gpus: number;
  /** Adapter of the first process as its driver names it, or the CPU. */
  readonly device: string;
  /** Milliseconds per step. */
  readonly stepMs: number;
  /** Target tokens of all processes per second. */
  readonly tokensPerSecond: number;
}

/**
 * Measures every number of processes and prints a table.
 *
 * @throws {ConfigError} when there are fewer GPUs than processes, or a measurement fails
 */
export async function weakScaling(
  flags: WeakScalingFlags,
  print: (line: string) => void,
): Promise<WeakScalingRow[]> {
  const { device, oversubscribe } = flags;
  const wanted = Math.max(...flags.gpus);
  if (wanted > 1 && device !== "cpu") {
    assignGpus({ adapters: await listAdapters(), wanted, oversubscribe });
  }
  const rows: WeakScalingRow[] = [];
  for (const gpus of flags.gpus) {
    const { adapter, stepMs, tokens } = await measureProcesses(jobOf(flags, gpus));
    const environment = environmentOfAdapter(adapter);
    if (rows.length === 0) print(environmentText(environment));
    const row = { gpus, device: adapter, stepMs, tokensPerSecond: 1000 * tokens / stepMs };
    rows.push(row);
    print(`${gpus} ${gpus === 1 ? "process" : "processes"}: ${rate(row.tokensPerSecond)} tok/s`);
    if (!flags.save) continue;
    const name = `benchmark scaling, ${flags.preset}, ${mathOf(flags)}, ${gpus} processes`;
    const result = { ...row, name, flags };
    saveResult(result, environment);
  }
  for (const line of ["", ...weakScalingLines(flags, rows)]) print(line);
  return rows;
}

function mathOf({ fp16 }: WeakScalingFlags): "fp16" | "fp32" {
  return fp16 ? "fp16" : "fp32";
}

function jobOf(flags: WeakScalingFlags, size: number): ScalingJob {
  const { device, oversubscribe, batchSize, fp16, steps } = flags;
  return { size, device, oversubscribe, sizes: flags, batchSize, fp16, steps };
}

/**
 * Measures in processes of their own: this one holds no device, and every size begins alike.
 *
 * @throws {ConfigError} when they end with an error
 */
export async function measureProcesses(job: ScalingJob): Promise<ScalingTimes> {
  const script = new URL("./scaling_rank.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script.href, JSON.stringify(job)],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (code === 0) return JSON.parse(decoder.decode(stdout)) as ScalingTimes;
  const said = decoder.decode(stderr).trim().split("\n").at(-1)!;
  throw new ConfigError(
    `Cannot measure ${job.size} processes: they ended with ${code}, the last line is "${said}"`,
  );
}

/** The table: ours, and published figures where model, lengths and batch are theirs. */
export function weakScalingLines(
  flags: WeakScalingFlags,
  rows: readonly WeakScalingRow[],
): string[] {
  const model = publishedModel(flags.preset);
  const isTheirs = model !== undefined && isWhole(flags) && flags.tgtLen === null &&
    flags.memLen === null;
  const figure = isTheirs
    ? trainingFigure(flags, model, mathOf(flags), flags.batchSize)
    : undefined;
  const one = rows.find(({ gpus }) => gpus === 1);
  const theirOne = figure?.tokensPerSecond[1];
  const cells = rows.map(({ gpus, device, stepMs, tokensPerSecond }) => {
    const speedUp = one === undefined ? undefined : tokensPerSecond / one.tokensPerSecond;
    const theirs = figure?.tokensPerSecond[gpus];
    return [
      String(gpus),
      rate(tokensPerSecond),
      milliseconds(stepMs),
      speedUp === undefined ? "-" : speedUp.toFixed(3),
      speedUp === undefined ? "-" : `${(100 * speedUp / gpus).toFixed(0)}%`,
      ...figure === undefined ? [] : [
        rate(theirs),
        theirs === undefined || theirOne === undefined ? "-" : (theirs / theirOne).toFixed(3),
        ratio(tokensPerSecond, theirs),
      ],
      device,
    ];
  });
  const head = ["processes", "tok/s", "ms/step", "speed-up", "efficiency"];
  const titles = figure === undefined ? [] : ["published", "speed-up", "ours"];
  const rates = rows.map((row) => ({ ...row, batchSize: flags.batchSize, math: mathOf(flags) }));
  return [
    ...textTable([[...head, ...titles, "device"], ...cells]),
    figure === undefined
      ? "no published figures of this model, batch size and precision"
      : `published: ${figure.system}, ${figure.math}, ${figure.year}; "ours" is our tok/s over theirs`,
    ...isTheirs ? wholeRunLines(flags, rates) : [],
  ];
}
