/**
 * The log files of an evaluation: `eval_log.log` is appended to; `eval_log.jsonl`, one JSON object
 * per line, and `eval_log.json`, records for DLLogger, are replaced. Names and modes of the text log
 * and the records are the reference's.
 *
 * @module
 */
import {
  DllLog,
  isSystemError,
  JsonLog,
  logPath,
  rankName,
  systemReason,
  TextLog,
  type Verbosity,
} from "@transformer-xl/runtime";
import { dirname, isAbsolute } from "node:path";
import { NO_LOG_FILES } from "../settings/flag_words.ts";

/** Settings of the folder of results. */
export interface OutputSettings {
  /** Work directory. */
  readonly workDir: string;
  /** Whether it was given. */
  readonly workDirGiven: boolean;
  /** Checkpoint; null: one of the work directory. */
  readonly model: string | null;
}

/** Settings of the log files. */
export interface EvalLogSettings extends OutputSettings {
  /** Number of this process. */
  readonly rank: number;
  /** Whether nothing is written to disk. */
  readonly debug: boolean;
  /** Whether every process prints and logs. */
  readonly logAllRanks: boolean;
  /** Name of the records for DLLogger, or an absolute path. */
  readonly dllogFile: string;
  /** Whether the records have Python's words for numbers that JSON lacks. */
  readonly pythonNumbers: boolean;
  /** Whether records go on behind those of an evaluation before, instead of replacing them. */
  readonly appends?: boolean;
  /** How much is printed. */
  readonly verbosity: Verbosity;
  /** Lines printed before, for the file. */
  readonly announced: readonly string[];
}

/** Output of an evaluation. */
export interface EvalLogs extends Disposable {
  /** Console and text log. */
  readonly text: TextLog;
  /** JSON lines; undefined where nothing is written. */
  readonly json: JsonLog | undefined;
  /** Records for DLLogger; undefined where nothing is written. */
  readonly dllog: DllLog | undefined;
}

/** The work directory, or the folder of the checkpoint if only that was given. */
export function outputFolder({ workDir, workDirGiven, model }: OutputSettings): string {
  return model !== null && !workDirGiven ? dirname(model) : workDir;
}

/**
 * Opens the logs in the work directory, or beside the checkpoint if only that was given. If they
 * cannot be written, a line says so and the evaluation only prints.
 */
export async function openEvalLogs(settings: EvalLogSettings): Promise<EvalLogs> {
  const { rank, debug, logAllRanks, dllogFile, pythonNumbers, announced, verbosity } = settings;
  const mode = settings.appends ? "append" : "truncate";
  if (rank > 0 && !logAllRanks) return logs(new TextLog({ console: false }));
  const common = { verbosity, ...(logAllRanks && { rank }) };
  if (debug) {
    const text = new TextLog(common);
    text.write(NO_LOG_FILES);
    return logs(text);
  }
  const folder = outputFolder(settings);
  const path = logPath(folder, logAllRanks ? rankName(TEXT_LOG, rank) : TEXT_LOG);
  const jsonPath = logPath(folder, rank === 0 ? JSON_LOG : rankName(JSON_LOG, rank));
  const dllPath = rank === 0 ? logPath(folder, dllogFile) : undefined;
  // An absolute path of the records may fail by itself, which loses them alone.
  const own = [path, jsonPath, ...dllPath === undefined || isAbsolute(dllogFile) ? [] : [dllPath]];
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const path of own) (await Deno.open(path, { append: true, create: true })).close();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const text = new TextLog(common);
    text.write(`No log is written to "${folder}": ${systemReason(error)}`, "WARNING");
    return logs(text);
  }
  using file = new TextLog({ path, mode: "append", console: false, ...common });
  for (const line of announced) file.write(line);
  return logs(
    new TextLog({ path, mode: "append", mayLoseConsole: true, ...common }),
    new JsonLog(jsonPath, { mode }),
    dllPath === undefined ? undefined : new DllLog(dllPath, { mode, pythonNumbers }),
  );
}

/** Name of the text log. */
export const TEXT_LOG = "eval_log.log";

const JSON_LOG = "eval_log.jsonl";

function logs(text: TextLog, json?: JsonLog, dllog?: DllLog): EvalLogs {
  return {
    text,
    json,
    dllog,
    [Symbol.dispose]: () => {
      for (const log of [text, json, dllog]) log?.[Symbol.dispose]();
    },
  };
}
