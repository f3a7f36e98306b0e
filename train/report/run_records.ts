/**
 * The JSON log of a rank and, on rank 0, the report that follows it. The page is written while
 * training goes on: after every validation and at the end, and after log lines once a minute.
 *
 * @module
 */
import {
  isSystemError,
  type JsonLog,
  messageOf,
  systemReason,
  type TextLog,
} from "@transformer-xl/runtime";
import { basename, resolve } from "node:path";
import type { TrainConfig } from "../config.ts";
import { readHistory } from "./history/read_history.ts";
import { type Facts, RunHistory } from "./history/run_history.ts";
import { type LogOptions, openJsonLog } from "./logs.ts";
import { writeReport } from "./write_report.ts";

/** Time between pages that only log lines ask for. */
const INTERVAL_MS = 60_000;

/** A receiver of a run's records. */
export interface RecordSink {
  /** Takes one object. */
  write(record: object): void;
}

/** The records of a rank that writes files. */
export class RunRecords implements RecordSink, AsyncDisposable {
  readonly #json: JsonLog;
  readonly #report: ReportWriter | undefined;

  private constructor(json: JsonLog, report: ReportWriter | undefined) {
    this.#json = json;
    this.#report = report;
  }

  /**
   * Opens the log; a run that goes on in its folder reports on all of its log.
   *
   * @returns undefined for a rank without a log
   */
  static async open(
    config: TrainConfig,
    { rank, mode, text }: Omit<LogOptions, "progress"> & { readonly text: TextLog },
  ): Promise<RunRecords | undefined> {
    const json = openJsonLog(config, { rank, ...(mode && { mode }) });
    if (json === undefined) return undefined;
    if (rank > 0) return new RunRecords(json, undefined);
    const { workDir } = config;
    const history = mode === "append" ? await readHistoryOr(workDir, text) : new RunHistory();
    return new RunRecords(json, new ReportWriter(workDir, history, text));
  }

  /** Appends a record to the log and to the report. */
  write(record: object): void {
    this.#json.write(record);
    this.#report?.add(record as Facts);
  }

  /** Writes the last page and closes the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#json.close();
    await this.#report?.[Symbol.asyncDispose]();
  }
}

/** Writer of the report of a run, one page at a time. */
class ReportWriter implements AsyncDisposable {
  readonly #workDir: string;
  readonly #history: RunHistory;
  readonly #text: TextLog;
  #writtenAtMs = -Infinity;
  #writing: Promise<void> | undefined;
  #isDue = false;
  #isStopped = false;
  #isLosing = false;

  constructor(workDir: string, history: RunHistory, text: TextLog) {
    this.#workDir = workDir;
    this.#history = history;
    this.#text = text;
  }

  add(record: Facts): void {
    this.#history.add(record);
    const { kind } = record;
    this.#isDue ||= kind === "eval" || kind === "test" || kind === "end" ||
      kind === "log" && performance.now() - this.#writtenAtMs > INTERVAL_MS;
    if (this.#isDue) this.#writing ??= this.#writeWhileDue();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#writing;
    if (this.#history.config === undefined) return; // ended before it began
    this.#isDue = true;
    await this.#writeWhileDue();
  }

  async #writeWhileDue(): Promise<void> {
    // A validation is reported before its checkpoint; what follows it at once is on the same page.
    await new Promise((resolve) => setTimeout(resolve, 0));
    while (this.#isDue) {
      this.#isDue = false;
      this.#writtenAtMs = performance.now();
      await this.#write();
    }
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    try {
      await writeReport(this.#workDir, {
        name: basename(resolve(this.#workDir)),
        history: this.#history,
        unfinished: this.#isStopped ? "stopped" : "running",
      });
      this.#isLosing = false;
    } catch (error) {
      if (!this.#isLosing) {
        this.#text.write(reportProblem("write", this.#workDir, error), "WARNING");
      }
      this.#isLosing = true; // said once, until it works again
    }
  }
}

async function readHistoryOr(workDir: string, text: TextLog): Promise<RunHistory> {
  try {
    return await readHistory(workDir);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    text.write(`${reportProblem("read", workDir, error)}; it begins at this start`, "WARNING");
    return new RunHistory();
  }
}

function reportProblem(action: "read" | "write", workDir: string, error: unknown): string {
  const reason = isSystemError(error) ? systemReason(error) : messageOf(error);
  const what = action === "read" ? "the log for the report" : "the report";
  return `Cannot ${action} ${what} in "${workDir}": ${reason}`;
}
