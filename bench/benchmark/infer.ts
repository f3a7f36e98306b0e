/**
 * `deno task benchmark infer`: latency and throughput of evaluation by batch size, beside published
 * figures.
 *
 * @module
 */
import {
  EVAL_PRESETS,
  type LatencyData,
  type LatencySummary,
  latencySummary,
} from "@transformer-xl/eval";
import { createModel, type Lengths, REMEDIES } from "@transformer-xl/model";
import { type Device, isUserError, remedySentence } from "@transformer-xl/runtime";
import { trainLengths } from "@transformer-xl/train";
import { environmentOf, environmentText } from "../harness/environment.ts";
import { saveResult } from "../harness/results.ts";
import { INFERENCE_LENGTHS, inferenceFigures, publishedModel } from "../published/find.ts";
import type { PublishedInference } from "../published/inference.ts";
import { measureInference } from "./measure_inference.ts";
import { openForPrecision, type Precision } from "./precision_device.ts";
import type { InferFlags } from "./settings.ts";
import { isWhole, sizedRun } from "./sized_run.ts";
import { milliseconds, rate, ratio, textTable } from "./text_table.ts";

/** A measured batch size. */
export interface InferRow {
  /** Adapter as its driver names it, or the CPU. */
  readonly device: string;
  /** Batch columns. */
  readonly batchSize: number;
  /** Averages; undefined where the size did not fit. */
  readonly summary: LatencySummary | undefined;
}

/**
 * Measures every batch size in every precision and prints a table for each.
 *
 * @returns rows by precision
 * @throws {DeviceError} when `gpu` was requested and no adapter answers
 */
export async function infer(
  flags: InferFlags,
  print: (line: string) => void,
): Promise<Map<Precision, InferRow[]>> {
  const tables = new Map<Precision, InferRow[]>();
  const sized = { ...flags, ...inferenceLengths(flags) };
  for (const math of new Set(flags.precisions)) {
    // A device of its own: the memory and the errors of one precision never meet the other.
    using device = await openForPrecision(flags.device, math, (line) => print(`\n${line}`));
    if (device === undefined) continue;
    const rows = await inferTable(sized, math, device, print);
    tables.set(math, rows);
    print("");
    for (const line of inferLines(flags, math, rows)) print(line);
  }
  return tables;
}

/** Lengths of the flags, else those with which the model of the preset is scored. */
function inferenceLengths(
  { preset, tgtLen, memLen }: InferFlags,
): Pick<Lengths, "tgtLen" | "memLen"> {
  const scored = EVAL_PRESETS[preset]!;
  return { tgtLen: tgtLen ?? scored.tgtLen, memLen: memLen ?? scored.memLen };
}

async function inferTable(
  flags: InferFlags,
  math: Precision,
  device: Device,
  print: (line: string) => void,
): Promise<InferRow[]> {
  const fp16 = math === "fp16";
  const environment = environmentOf(device);
  const first = sizedRun(flags, { batchSize: flags.batchSizes[0]!, steps: flags.steps, fp16 });
  const { clampLen, sameLength } = EVAL_PRESETS[flags.preset]!;
  const modelConfig = { ...first.modelConfig, clampLen, sameLength };
  using model = await createModel(device, modelConfig, { seed: flags.seed, fp16 });
  const { tgtLen, memLen } = trainLengths(first.config);
  print(environmentText(environment));
  print(
    `${flags.preset}, ${math}: ${model.store.count.toLocaleString("en-US")} parameters, ` +
      `tgt_len ${tgtLen}, mem_len ${memLen}, ${flags.steps} segments of random ids`,
  );
  const rows: InferRow[] = [];
  for (const batchSize of flags.batchSizes) {
    const lengths = { batchSize, tgtLen, extLen: 0, memLen };
    let data: LatencyData;
    try {
      data = await measureInference(model, lengths, { segments: flags.steps, seed: flags.seed });
    } catch (error) {
      if (!isUserError(error)) throw error;
      print(`batch ${batchSize}: ${remedySentence(error, REMEDIES)}`);
      rows.push({ device: device.info.adapter, batchSize, summary: undefined });
      continue;
    }
    const summary = latencySummary(data, flags.percentiles, modelConfig.compat);
    rows.push({ device: device.info.adapter, batchSize, summary });
    if (!flags.save) continue;
    const name = `benchmark infer, ${flags.preset}, ${math}, batch ${batchSize}`;
    const { meanMs, tokensPerSecond } = summary;
    const percentilesMs = Object.fromEntries(summary.percentilesMs);
    const result = { name, meanMs, tokensPerSecond, percentilesMs, lengths, model: modelConfig };
    saveResult(result, environment);
  }
  return rows;
}

const RUNTIMES: readonly PublishedInference["runtime"][] = ["pytorch", "torchscript"];

/** The table: ours, and published figures where model and lengths are theirs. */
export function inferLines(
  flags: InferFlags,
  math: Precision,
  rows: readonly InferRow[],
): string[] {
  const model = publishedModel(flags.preset);
  const isComparable = model !== undefined && isWhole(flags) && hasTheirLengths(flags, model);
  const percents = flags.percentiles.map((percent) => `${percent}% ms`);
  const head = ["batch", "tok/s", "mean ms", ...percents];
  const titles = RUNTIMES.flatMap((runtime) => [runtime, "ms", "ours"]);
  const cells = rows.map(({ device, batchSize, summary }) => {
    const figures = isComparable ? inferenceFigures(flags, model, math, batchSize) : [];
    return [
      String(batchSize),
      rate(summary?.tokensPerSecond),
      milliseconds(summary?.meanMs),
      ...flags.percentiles.map((percent) => milliseconds(summary?.percentilesMs.get(percent))),
      ...isComparable
        ? RUNTIMES.flatMap((runtime) => {
          const figure = figures.find((each) => each.runtime === runtime);
          return [
            rate(figure?.tokensPerSecond),
            milliseconds(figure?.latencyMs),
            ratio(summary?.tokensPerSecond, figure?.tokensPerSecond),
          ];
        })
        : [],
      device,
    ];
  });
  const table = textTable([[...head, ...isComparable ? titles : [], "device"], ...cells]);
  if (!isComparable) {
    return [...table, "no published figures: they are of wt103-base and wt103-large as they are"];
  }
  const theirs = math === "fp32" && flags.publishedGpu === "A100" ? "tf32" : math;
  return [
    ...table,
    `published: ${flags.publishedGpu}, ${theirs}, ${flags.publishedYear}; "ours" is our tok/s over theirs`,
    ...percentileLines(flags, model, math, rows),
  ];
}

/** Published percentiles, a line for each batch size that has some. */
function percentileLines(
  flags: InferFlags,
  model: "base" | "large",
  math: Precision,
  rows: readonly InferRow[],
): string[] {
  return rows.flatMap(({ batchSize }) => {
    const parts = inferenceFigures(flags, model, math, batchSize).flatMap((figure) => {
      const percents = flags.percentiles.filter((percent) => figure.percentilesMs.has(percent));
      const values = percents.map((each) => milliseconds(figure.percentilesMs.get(each)));
      return values.length === 0
        ? []
        : [`${figure.runtime} ${values.join(" / ")} ms at ${percents.join(" / ")}%`];
    });
    return parts.length === 0 ? [] : [`published, batch ${batchSize}: ${parts.join(", ")}`];
  });
}

function hasTheirLengths(flags: InferFlags, model: "base" | "large"): boolean {
  const theirs = INFERENCE_LENGTHS[model];
  const { tgtLen, memLen } = inferenceLengths(flags);
  return tgtLen === theirs.tgtLen && memLen === theirs.memLen;
}
