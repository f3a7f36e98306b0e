/**
 * Results of the measurement of long texts, and the lines that show them.
 *
 * @module
 */
import { formatBytes } from "@transformer-xl/runtime";
import { type Spread, spreadOf } from "../benchmark/spread.ts";
import { digits } from "../harness/results.ts";

/** What is measured: the first opening of a text, a later one, and lines decoded and split. */
export type CorpusPart = "build" | "reopen" | "lines";

/** Result of one part. */
export interface PartResult {
  /** Time from start to end. */
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly processorSeconds: number;
  /** Largest resident set of the process (VmHWM); 0 where the system does not tell. */
  readonly peakBytes: number;
  /** Tokens found. */
  readonly tokens: number;
  /** Different symbols found. */
  readonly symbols: number;
  /** Mean time to read a segment of {@link SEGMENTS}; 0 where none is read. */
  readonly segmentMs: number;
}

/** The segments that are read after a text is opened. */
export const SEGMENTS = { columns: 32, rows: 192, count: 500 } as const;

/** Results of all rounds. */
export type CorpusResults = Readonly<Record<CorpusPart, readonly PartResult[]>>;

/** Tokens that the time of reopening is given for. */
const PER_TOKENS = 1e8;

/** The lines about a text of `bytes`. */
export function corpusBenchLines(bytes: number, { build, reopen, lines }: CorpusResults): string[] {
  const { tokens, symbols } = build[0]!;
  const rate = (results: readonly PartResult[]) =>
    `${range(results.map(({ seconds }) => bytes / 1e6 / seconds))} MB/s, ` +
    `${range(results.map(({ processorSeconds }) => processorSeconds))} s of processor time`;
  const ratio = (key: "seconds" | "processorSeconds") =>
    range(build.map((result, i) => lines[i]![key] / result[key]));
  const perTokens = (key: "seconds" | "processorSeconds") =>
    range(reopen.map((result) => result[key] * PER_TOKENS / tokens));
  return [
    `a text of ${digits(bytes / 1e6)} MB: ${digits(tokens)} tokens, ${digits(symbols)} words`,
    `  counted, encoded and kept    : ${rate(build)}${peak(build)}`,
    `  split lines (TextLineStream) : ${rate(lines)}${peak(lines)}`,
    `  times as fast                : ${ratio("seconds")}; by processor time ${
      ratio("processorSeconds")
    }`,
    `  opened again                 : ${range(reopen.map(({ seconds }) => seconds))} s, ` +
    `${perTokens("seconds")} s for 100 million tokens, ` +
    `${perTokens("processorSeconds")} s of processor time${peak(reopen)}`,
    `  a segment of ${SEGMENTS.rows} rows of ${SEGMENTS.columns} columns, read from the cache : ` +
    `${range(reopen.map(({ segmentMs }) => segmentMs))} ms`,
  ];
}

function range(values: readonly number[]): string {
  const { median, min, max }: Spread = spreadOf(values);
  return values.length === 1
    ? digits(median)
    : `${digits(median)} (${digits(min)} to ${digits(max)})`;
}

function peak(results: readonly PartResult[]): string {
  const bytes = Math.max(...results.map(({ peakBytes }) => peakBytes));
  return bytes === 0 ? "" : `, ${formatBytes(bytes)} of memory at most`;
}
