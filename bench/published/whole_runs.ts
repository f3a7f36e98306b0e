/**
 * Time of whole runs at measured rates, beside published times and test perplexities.
 *
 * @module
 */
import { PRESETS, trainSchema } from "@transformer-xl/train";
import { accuracyFigures, type Column, publishedModel } from "./find.ts";

/** A measured rate of training. */
export interface MeasuredRate {
  /** Processes, one per GPU. */
  readonly gpus: number;
  /** Precision. */
  readonly math: "fp32" | "fp16";
  /** Columns of each GPU. */
  readonly batchSize: number;
  /** Target tokens per second of all GPUs. */
  readonly tokensPerSecond: number;
}

/**
 * A line for each rate to which published runs belong: minutes that all steps of the preset take at
 * that rate, and minutes and test perplexity of those runs.
 */
export function wholeRunLines(
  column: Column & { readonly preset: string },
  rates: readonly MeasuredRate[],
): string[] {
  const model = publishedModel(column.preset);
  if (model === undefined) return [];
  const { maxStep, batchSize: columns, tgtLen } = trainSchema.parse(PRESETS[column.preset]);
  return rates.flatMap(({ gpus, math, batchSize, tokensPerSecond }) => {
    const figures = accuracyFigures(column, model, math, gpus)
      .filter((figure) => figure.batchSize === batchSize);
    if (figures.length === 0) return [];
    const minutes = maxStep * columns * tgtLen / tokensPerSecond / 60;
    const theirs = figures.map(({ system, math, minutes, perplexity }) =>
      `${count(minutes)} on ${system} in ${math}, test perplexity ${perplexity.toFixed(2)}`
    );
    return [
      `${count(maxStep)} steps of ${columns} x ${tgtLen} tokens, ${gpus} ` +
      `${gpus === 1 ? "GPU" : "GPUs"}, ${math}, batch ${batchSize}: ${count(minutes)} minutes; ` +
      `published: ${theirs.join("; ")}`,
    ];
  });
}

/** A line of published whole runs of a preset on this number of GPUs; empty without one. */
export function publishedRunLines(
  { preset, publishedYear, fp16, gpus }: {
    readonly preset: string;
    readonly publishedYear: Column["publishedYear"];
    readonly fp16: boolean;
    readonly gpus: number;
  },
): string[] {
  const model = publishedModel(preset);
  if (model === undefined) return [];
  const math = fp16 ? "fp16" : "fp32";
  const runs = (["A100", "V100"] as const)
    .flatMap((publishedGpu) => accuracyFigures({ publishedGpu, publishedYear }, model, math, gpus))
    .map(({ system, math, batchSize, perplexity, minutes }) =>
      `${perplexity.toFixed(2)} after ${count(minutes)} minutes (${system}, ${math}, ` +
      `batch ${batchSize})`
    );
  if (runs.length === 0) return [];
  return [
    `published test perplexity on ${gpus} ${gpus === 1 ? "GPU" : "GPUs"}: ${runs.join("; ")}`,
  ];
}

function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 1000 ? 1 : 0 });
}
