/**
 * Published seed stability of the PyTorch reference: validation perplexity over runs that differ in
 * the seed alone, by step. From NVIDIA's README of Transformer-XL for PyTorch, of November 2019 and
 * of 2020.
 *
 * @module
 */
import type { PublishedYear } from "./inference.ts";

/** Perplexities of all runs after one step; what was not published is left out. */
export interface PublishedSpread {
  /** Optimizer steps. */
  readonly step: number;
  /** Mean over seeds. */
  readonly mean: number;
  /** Standard deviation over seeds. */
  readonly deviation?: number | undefined;
  /** Smallest. */
  readonly min?: number | undefined;
  /** Largest. */
  readonly max?: number | undefined;
  /** Median. */
  readonly median?: number | undefined;
}

/** One published table. */
export interface PublishedStability {
  /** Preset with these settings. */
  readonly preset: "wt103-base" | "wt103-large" | "wt103-large-multinode";
  /** Year of publication. */
  readonly year: PublishedYear;
  /** Runs. */
  readonly seeds: number;
  /** Mean test perplexity. */
  readonly test: number;
  /** Validations. */
  readonly spreads: readonly PublishedSpread[];
}

type Row = readonly [
  step: number,
  mean: number,
  deviation?: number,
  min?: number,
  max?: number,
  median?: number,
];

const table = (
  preset: PublishedStability["preset"],
  year: PublishedYear,
  seeds: number,
  test: number,
  rows: readonly Row[],
): PublishedStability => ({
  preset,
  year,
  seeds,
  test,
  spreads: rows.map(([step, mean, deviation, min, max, median]) => ({
    step,
    mean,
    deviation,
    min,
    max,
    median,
  })),
});

/** All tables. */
// deno-fmt-ignore
export const PUBLISHED_STABILITY: readonly PublishedStability[] = [
  table("wt103-base", 2019, 20, 23.39, [
      [5000, 42.58, 0.286, 41.98, 43.11, 42.62],
      [10_000, 32.39, 0.198, 32.09, 32.78, 32.41],
      [15_000, 28.49, 0.15, 28.28, 28.78, 28.49],
      [20_000, 26.22, 0.119, 26.06, 26.52, 26.22],
      [25_000, 24.73, 0.112, 24.45, 24.88, 24.74],
      [30_000, 23.88, 0.105, 23.67, 24.04, 23.87],
      [35_000, 23.31, 0.1, 23.09, 23.45, 23.33],
      [40_000, 23.1, 0.099, 22.86, 23.23, 23.11],
  ]),
  table("wt103-base", 2020, 16, 23.24, [
      [5000, 42.62, 0.273],
      [10_000, 32.31, 0.128],
      [15_000, 28.38, 0.108],
      [20_000, 26.14, 0.102],
      [25_000, 24.59, 0.091],
      [30_000, 23.71, 0.073],
      [35_000, 23.15, 0.048],
      [40_000, 22.93, 0.056],
  ]),
  table("wt103-large", 2020, 16, 18.17, [
      [10_000, 32.63],
      [20_000, 24.08],
      [30_000, 21.52],
      [40_000, 20.17],
      [50_000, 19.23],
      [60_000, 18.57],
      [70_000, 18.17],
      [80_000, 17.95],
      [90_000, 17.8],
      [100_000, 17.8, 0.036],
  ]),
  table("wt103-large-multinode", 2020, 10, 18.3, [
      [1000, 608.09],
      [2000, 142.75],
      [3000, 62.19],
      [4000, 40.22],
      [5000, 32],
      [6000, 28.05],
      [7000, 25.65],
      [8000, 24.2],
      [9000, 23.18],
      [10_000, 22.88],
      [11_000, 21.99],
      [12_000, 21.69],
      [13_000, 21.42],
      [14_000, 21.33],
      [15_000, 21.24],
      [16_000, 21.19],
      [17_000, 20.89],
      [18_000, 20.36],
      [19_000, 19.74],
      [20_000, 19.18],
      [21_000, 18.49],
      [22_000, 18.17],
      [23_000, 17.98],
      [24_000, 17.88],
      [25_000, 17.85, 0.028],
  ]),
];
