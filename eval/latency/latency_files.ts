/**
 * The files of an inference benchmark: `eval_data_<batch_size>_<fp16|fp32>_<type>` as JSON and CSV.
 *
 * @module
 */

import { ResultFiles } from "../result_files.ts";
import type { LatencyData, LatencySummary } from "./latency_meter.ts";

/** Measurements of one text. */
export interface MeasuredText extends LatencyData {
  /** Name of the text in results. */
  readonly name: string;
  /** Averages and percentiles. */
  readonly summary: LatencySummary;
}

/** One benchmark. */
export interface LatencyRecord {
  /** Settings of the program, by key. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Adapter or processor, as the device names it. */
  readonly device: string;
  /** Processes that shared the batch; latencies are those of the first. */
  readonly ranks: number;
  /** The texts, in the order in which they ran. */
  readonly texts: readonly MeasuredText[];
}

/** Name of the files without its ending, that of the reference. */
export function latencyFileName(
  { batchSize, math, type }: {
    readonly batchSize: number;
    readonly math: string;
    readonly type: string;
  },
): string {
  return `eval_data_${batchSize}_${math}_${type}`;
}

/** A summary for JSON. */
export function latencyFacts(
  { tokensPerSecond, meanMs, percentilesMs }: LatencySummary,
): Readonly<Record<string, unknown>> {
  return {
    throughputAvgTokensPerSecond: tokensPerSecond,
    latencyAvgMs: meanMs,
    latencyPercentilesMs: Object.fromEntries(percentilesMs),
  };
}

/** The record as JSON; units are part of the names. */
export function latencyJson({ args, device, ranks, texts }: LatencyRecord): string {
  const record = {
    args,
    device,
    ranks,
    texts: texts.map(({ name, skipped, latencyMs, tokensPerSecond, summary }) => ({
      name,
      skippedIterations: skipped,
      ...latencyFacts(summary),
      throughputTokensPerSecond: tokensPerSecond,
      latencyMs,
    })),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** The iterations as CSV, a row each; iterations are numbered from 1, uncounted ones included. */
export function latencyCsv({ texts }: Pick<LatencyRecord, "texts">): string {
  const rows = texts.flatMap(({ name, skipped, latencyMs, tokensPerSecond }) =>
    latencyMs.map((ms, i) => `${name},${skipped + i + 1},${ms},${tokensPerSecond[i]}`)
  );
  return ["text,iteration,latency_ms,throughput_tokens_per_second", ...rows, ""].join("\n");
}

/** Both files of a benchmark while it runs: they get their names when all of it is measured. */
export class LatencyFiles implements AsyncDisposable {
  readonly #files: ResultFiles;

  private constructor(files: ResultFiles) {
    this.#files = files;
  }

  /**
   * Begins both files.
   *
   * @param base path without ending; its folder is made
   * @throws {ConfigError} when the folder cannot be written
   */
  static async create(base: string): Promise<LatencyFiles> {
    return new LatencyFiles(await ResultFiles.create(base, [".json", ".csv"], "measurements"));
  }

  /**
   * Writes both files; earlier ones of that name are replaced as a whole.
   *
   * @returns their paths
   */
  async save(record: LatencyRecord): Promise<readonly string[]> {
    const encoder = new TextEncoder();
    const [json, csv] = this.#files.files;
    await json!.write(encoder.encode(latencyJson(record)));
    await csv!.write(encoder.encode(latencyCsv(record)));
    return await this.#files.commit();
  }

  /** Discards what was not saved. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}
