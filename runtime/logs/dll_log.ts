/**
 * A log in the line format of NVIDIA's DLLogger: `DLLL ` and a JSON object with the time and a
 * record. Each line is in the file before a call returns.
 *
 * @module
 */
import { twoDigits } from "../base/format.ts";
import type { LogFileOptions } from "./append_file.ts";
import { LineFile } from "./line_file.ts";

/** A number of steps, an epoch, or both; empty for the summary of a run. */
export type DllStep = readonly number[] | "PARAMETER";

/** Values by metric. Numbers that JSON lacks become null. */
export type DllData = Readonly<Record<string, unknown>>;

/** How a {@link DllLog} is written. */
export interface DllLogOptions extends LogFileOptions {
  /** Writes NaN and infinities as bare words, as Python does, which other readers reject. */
  readonly pythonNumbers?: boolean;
  /** Clock in milliseconds since 1970, with fractions. */
  readonly now?: () => number;
}

/**
 * A DLLogger file, opened at the first record.
 *
 * @example
 * ```ts
 * import { DllLog } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * using log = new DllLog(`${folder}/train_log.json`);
 * log.metadata("train_throughput", { unit: "tokens/s" });
 * log.write([10], { train_loss: 6.5 });
 * const [unit, loss] = (await Deno.readTextFile(`${folder}/train_log.json`)).split("\n")
 *   .map((line) => JSON.parse(line.replace(/^DLLL /, "") || "null"));
 * assertEquals([unit.type, unit.metric, unit.metadata.unit], ["METADATA", "train_throughput", "tokens/s"]);
 * assertEquals([loss.type, loss.step, loss.data], ["LOG", [10], { train_loss: 6.5 }]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class DllLog implements Disposable {
  readonly #file: LineFile;
  readonly #pythonNumbers: boolean;
  readonly #now: () => number;
  readonly #startMs: number;

  /** Starts the elapsed time; does not open the file yet. */
  constructor(path: string, options: DllLogOptions = {}) {
    this.#file = new LineFile(path, options);
    this.#pythonNumbers = options.pythonNumbers ?? false;
    this.#now = options.now ?? (() => performance.timeOrigin + performance.now());
    this.#startMs = this.#now();
  }

  /** Writes the values of a step, of the settings, or of the summary. */
  write(step: DllStep, data: DllData): void {
    const { timestamp, datetime, elapsedtime } = this.#time();
    this.#line({ timestamp, datetime, elapsedtime, type: "LOG", step, data });
  }

  /** Writes the facts of a metric: its unit. */
  metadata(metric: string, metadata: DllData): void {
    const { timestamp, datetime, elapsedtime } = this.#time();
    this.#line({ timestamp, elapsedtime, datetime, type: "METADATA", metric, metadata });
  }

  /** Closes the file; a later record reopens it. */
  close(): void {
    this.#file.close();
  }

  /** As {@link DllLog.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #line(record: object): void {
    const text = this.#pythonNumbers
      ? JSON.stringify(record, markedNonFinite).replaceAll(MARKED, "$1")
      : JSON.stringify(record);
    this.#file.write(`DLLL ${text}\n`);
  }

  #time() {
    const nowMs = this.#now();
    return {
      timestamp: (nowMs / 1000).toFixed(6),
      datetime: localTime(nowMs),
      elapsedtime: ((nowMs - this.#startMs) / 1000).toFixed(6),
    };
  }
}

const MARKED = /"\\u0000(NaN|-?Infinity)"/g;

function markedNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? `\0${value}` : value;
}

/** `2020-02-29 23:59:01.123456`, local time. */
function localTime(nowMs: number): string {
  const date = new Date(nowMs);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())];
  const seconds = (date.getSeconds() + (nowMs % 1000) / 1000).toFixed(6).padStart(9, "0");
  return `${day.join("-")} ${twoDigits(date.getHours())}:${
    twoDigits(date.getMinutes())
  }:${seconds}`;
}
