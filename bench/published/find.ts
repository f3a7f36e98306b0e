/**
 * Selection of the published figures that a measurement is comparable with.
 *
 * @module
 */
import {
  PUBLISHED_BATCH_SIZES,
  PUBLISHED_INFERENCE,
  type PublishedGpu,
  type PublishedInference,
  type PublishedYear,
} from "./inference.ts";
import { PUBLISHED_ACCURACY, type PublishedAccuracy } from "./accuracy.ts";
import { PUBLISHED_PERCENTILES, PUBLISHED_PERCENTS } from "./percentiles.ts";
import { PUBLISHED_TRAINING, type PublishedTraining } from "./training.ts";

/** The model of a preset in published tables; undefined for other presets. */
export function publishedModel(preset: string): "base" | "large" | undefined {
  if (preset === "wt103-base") return "base";
  return preset === "wt103-large" ? "large" : undefined;
}

/** Lengths of published inference by model. */
export const INFERENCE_LENGTHS = {
  base: { tgtLen: 64, memLen: 640 },
  large: { tgtLen: 128, memLen: 1600 },
} as const;

/** A GPU and a year. */
export interface Column {
  /** The GPU. */
  readonly publishedGpu: PublishedGpu;
  /** Year of publication. */
  readonly publishedYear: PublishedYear;
}

/** Figures of one batch size. */
export interface InferenceFigure {
  /** Runtime of the reference. */
  readonly runtime: PublishedInference["runtime"];
  /** Arithmetic. */
  readonly math: PublishedInference["math"];
  /** Target tokens per second. */
  readonly tokensPerSecond: number;
  /** Mean milliseconds of a segment. */
  readonly latencyMs: number;
  /** Milliseconds by percentile; empty where none were published. */
  readonly percentilesMs: ReadonlyMap<number, number>;
}

/** Single precision in tables of a GPU, which is TF32 on some. */
function isMath(published: string, math: "fp32" | "fp16"): boolean {
  return published === math || math === "fp32" && published === "tf32";
}

/** Published inference of a batch size: at most one figure for each runtime. */
export function inferenceFigures(
  { publishedGpu: gpu, publishedYear: year }: Column,
  model: "base" | "large",
  math: "fp32" | "fp16",
  batchSize: number,
): InferenceFigure[] {
  const at = PUBLISHED_BATCH_SIZES.indexOf(batchSize);
  if (at < 0) return [];
  return PUBLISHED_INFERENCE
    .filter((row) => row.gpu === gpu && row.year === year && row.model === model)
    .filter((row) => isMath(row.math, math))
    .map((row) => ({
      runtime: row.runtime,
      math: row.math,
      tokensPerSecond: row.tokensPerSecond[at]!,
      latencyMs: row.latencyMs[at]!,
      percentilesMs: percentilesOf(row, batchSize),
    }));
}

function percentilesOf(row: PublishedInference, batchSize: number): Map<number, number> {
  const found = row.model !== "base"
    ? undefined
    : PUBLISHED_PERCENTILES.find((each) =>
      each.gpu === row.gpu && each.year === row.year && each.math === row.math &&
      each.runtime === row.runtime
    );
  const values = found?.latencyMs[batchSize] ?? [];
  return new Map(values.map((ms, i) => [PUBLISHED_PERCENTS[i]!, ms]));
}

/** Published training of a batch size per GPU; of several machines the one listed first. */
export function trainingFigure(
  { publishedGpu: gpu, publishedYear: year }: Column,
  model: "base" | "large",
  math: "fp32" | "fp16",
  batchSize: number,
): PublishedTraining | undefined {
  return PUBLISHED_TRAINING.find((row) =>
    row.gpu === gpu && row.year === year && row.model === model && isMath(row.math, math) &&
    row.batchSize === batchSize
  );
}

/** Published whole runs on a number of GPUs. */
export function accuracyFigures(
  { publishedGpu: gpu, publishedYear: year }: Column,
  model: "base" | "large",
  math: "fp32" | "fp16",
  gpus: number,
): PublishedAccuracy[] {
  return PUBLISHED_ACCURACY.filter((row) =>
    row.gpu === gpu && row.year === year && row.model === model && isMath(row.math, math) &&
    row.gpus === gpus
  );
}
