/**
 * The log files of an evaluation: `eval_log.log` is appended to; `eval_log.json` is replaced and
 * has one JSON object per line. Names and modes are the reference's.
 *
 * @module
 */
import { isSystemError, JsonLog, systemReason, TextLog } from "@transformer-xl/runtime";
import { dirname } from "node:path";
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
  /** Lines printed before, for the file. */
  readonly announced: readonly string[];
}

/** Output of an evaluation. */
export interface EvalLogs extends Disposable {
  /** Console and text log. */
  readonly text: TextLog;
  /** JSON lines; undefined where nothing is written. */
  readonly json: JsonLog | undefined;
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
  const { rank, debug, logAllRanks, announced } = settings;
  if (rank > 0 && !logAllRanks) return logs(new TextLog({ console: false }), undefined);
  if (debug) {
    const text = new TextLog();
    text.write(NO_LOG_FILES);
    return logs(text, undefined);
  }
  const folder = outputFolder(settings);
  const base = `${folder}/eval_log${rank === 0 ? "" : `.${rank}`}`;
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const path of [`${base}.log`, `${base}.json`]) {
      (await Deno.open(path, { append: true, create: true })).close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const text = new TextLog();
    text.write(`No log is written to "${folder}": ${systemReason(error)}`, "WARNING");
    return logs(text, undefined);
  }
  using file = new TextLog({ path: `${base}.log`, mode: "append", console: false });
  for (const line of announced) file.write(line);
  return logs(
    new TextLog({ path: `${base}.log`, mode: "append", quiet: true }),
    new JsonLog(`${base}.json`, { mode: "truncate" }),
  );
}

function logs(text: TextLog, json: JsonLog | undefined): EvalLogs {
  return {
    text,
    json,
    [Symbol.dispose]: () => {
      text[Symbol.dispose]();
      json?.[Symbol.dispose]();
    },
  };
}
