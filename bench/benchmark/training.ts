/**
 * `deno task benchmark train`: throughput of training in one process by batch size, beside
 * published figures.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import { isUserError, remedySentence } from "@transformer-xl/runtime";
import { measureStep, type StepReport } from "../gpu_report/measure_step.ts";
import { environmentOf, environmentText } from "../harness/environment.ts";
import { digits, saveResult } from "../harness/results.ts";
import { publishedModel, trainingFigure } from "../published/find.ts";
import { openForPrecision, type Precision } from "./precision_device.ts";
import type { TrainingFlags } from "./settings.ts";
import { isWhole, sizedRun } from "./sized_run.ts";
import { milliseconds, rate, ratio, textTable } from "./text_table.ts";
import { wholeRunLines } from "../published/whole_runs.ts";

/** A measured batch size in one precision. */
export interface TrainingRow {
  /** Precision. */
  readonly math: Precision;
  /** Adapter as its driver names it, or the CPU. */
  readonly device: string;
  /** Batch columns. */
  readonly batchSize: number;
  /** Target tokens per second, steps submitted as in training. */
  readonly tokensPerSecond: number;
  /** Milliseconds per step. */
  readonly stepMs: number;
  /** Floating-point operations per second. */
  readonly flopsPerSecond: number;
}

/**
 * Measures every batch size in every precision and prints a table.
 *
 * @returns rows of what fitted
 * @throws {DeviceError} when `gpu` was requested and no adapter answers
 */
export async function training(
  flags: TrainingFlags,
  print: (line: string) => void,
): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = [];
  for (const math of new Set(flags.precisions)) {
    for (const batchSize of flags.batchSizes) {
      const run = sizedRun(flags, { batchSize, steps: flags.steps, fp16: math === "fp16" });
      // A device of its own: the memory of one size never meets another's.
      using device = await openForPrecision(flags.device, math, print);
      if (device === undefined) break;
      const environment = environmentOf(device);
      if (rows.length === 0) print(environmentText(environment));
      try {
        const report = await measureStep(device, run, flags.steps);
        const row = rowOf(math, device.info.adapter, batchSize, report);
        rows.push(row);
        print(
          `${flags.preset}, ${math}, batch ${batchSize}: ${rate(row.tokensPerSecond)} tok/s, ` +
            `loss ${digits(report.lossNats)}, ${report.applied} of ${flags.steps} updates applied`,
        );
        if (!flags.save) continue;
        const name = `benchmark train, ${flags.preset}, ${math}, batch ${batchSize}`;
        const result = { ...report, ...row, name, flags };
        saveResult(result, environment);
      } catch (error) {
        if (!isUserError(error)) throw error;
        print(`${math}, batch ${batchSize}: ${remedySentence(error, REMEDIES)}`);
      }
    }
  }
  if (rows.length === 0) return rows;
  for (const line of ["", ...trainingLines(flags, rows)]) print(line);
  return rows;
}

function rowOf(
  math: Precision,
  device: string,
  batchSize: number,
  { sustainedMs, tokens, flops }: StepReport,
): TrainingRow {
  return {
    math,
    device,
    batchSize,
    tokensPerSecond: 1000 * tokens / sustainedMs,
    stepMs: sustainedMs,
    flopsPerSecond: 1000 * flops / sustainedMs,
  };
}

/** The table: ours, and published figures of one GPU where model and lengths are theirs. */
export function trainingLines(flags: TrainingFlags, rows: readonly TrainingRow[]): string[] {
  const model = publishedModel(flags.preset);
  const isComparable = model !== undefined && isWhole(flags) && flags.tgtLen === null &&
    flags.memLen === null;
  const head = ["precision", "batch", "tok/s", "ms/step", "TFLOP/s"];
  const cells = rows.map((row) => {
    const { math, device, batchSize, tokensPerSecond, stepMs, flopsPerSecond } = row;
    const ours = [
      math,
      String(batchSize),
      rate(tokensPerSecond),
      milliseconds(stepMs),
      digits(flopsPerSecond / 1e12),
    ];
    if (!isComparable) return [...ours, device];
    const figure = trainingFigure(flags, model, math, batchSize);
    const theirs = figure?.tokensPerSecond[1];
    return [
      ...ours,
      rate(theirs),
      figure === undefined ? "-" : `${figure.system} ${figure.math}`,
      ratio(tokensPerSecond, theirs),
      device,
    ];
  });
  const titles = isComparable ? ["published", "on", "ours"] : [];
  const table = textTable([[...head, ...titles, "device"], ...cells]);
  return [
    ...table,
    isComparable
      ? `published: one ${flags.publishedGpu}, ${flags.publishedYear}; "ours" is our tok/s over theirs`
      : "no published figures: they are of wt103-base and wt103-large as they are",
    ...isComparable ? wholeRunLines(flags, rows.map((row) => ({ ...row, gpus: 1 }))) : [],
  ];
}
