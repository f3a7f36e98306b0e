/**
 * The spread of results over seeds, as a table.
 *
 * @module
 */
import { mean, percentile } from "@transformer-xl/eval";
import type { PublishedStability } from "../published/stability.ts";
import { textTable } from "./text_table.ts";

/** Statistics of one number over runs. */
export interface Spread {
  /** Arithmetic mean. */
  readonly mean: number;
  /** Standard deviation of the sample; undefined for one run. */
  readonly deviation: number | undefined;
  /** Smallest. */
  readonly min: number;
  /** Largest. */
  readonly max: number;
  /** Median. */
  readonly median: number;
}

/** Results of one run. */
export interface RunResults {
  /** Validation perplexity by step. */
  readonly validations: ReadonlyMap<number, number>;
  /** Perplexity of the test split; undefined without a test. */
  readonly test: number | undefined;
}

/**
 * Statistics of a number over runs.
 *
 * @throws {RangeError} without a value
 * @example
 * ```ts
 * import { spreadOf } from "@transformer-xl/bench";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(spreadOf([1, 2, 6]), {
 *   mean: 3,
 *   deviation: Math.sqrt(7),
 *   min: 1,
 *   max: 6,
 *   median: 2,
 * });
 * ```
 */
export function spreadOf(values: readonly number[]): Spread {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return {
    mean: center,
    deviation: values.length < 2 ? undefined : Math.sqrt(squares / (values.length - 1)),
    min: Math.min(...values),
    max: Math.max(...values),
    median: percentile(values, 50),
  };
}

/** The table: a row for each validation that all runs have, and one for the test. */
export function stabilityLines(
  runs: readonly RunResults[],
  published: PublishedStability | undefined,
): string[] {
  const steps = [...runs[0]!.validations.keys()]
    .filter((step) => runs.every(({ validations }) => validations.has(step)))
    .sort((a, b) => a - b);
  const rows = steps.map((step) => {
    const theirs = published?.spreads.find((spread) => spread.step === step);
    return [
      String(step),
      ...cellsOf(runs.map(({ validations }) => validations.get(step)!)),
      ...published === undefined ? [] : [text(theirs?.mean, 2), text(theirs?.deviation, 3)],
    ];
  });
  const tests = runs.flatMap(({ test }) => test === undefined ? [] : [test]);
  if (tests.length === runs.length) {
    const theirs = published === undefined ? [] : [text(published.test, 2), "-"];
    rows.push(["test", ...cellsOf(tests), ...theirs]);
  }
  const titles = ["step", "mean", "sd", "min", "max", "median"];
  return [
    ...textTable([published === undefined ? titles : [...titles, "published", "sd"], ...rows]),
    `perplexity of ${runs.length} seeds, validation by step` +
    (published === undefined ? "" : `; published: ${published.seeds} seeds, ${published.year}`),
  ];
}

function cellsOf(values: readonly number[]): string[] {
  const { mean, deviation, min, max, median } = spreadOf(values);
  return [text(mean, 2), text(deviation, 3), text(min, 2), text(max, 2), text(median, 2)];
}

function text(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}
