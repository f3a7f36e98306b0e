/**
 * The logs of a rank. Rank 0 prints to console and files, the others only if all ranks log.
 *
 * @module
 */
import { COMPAT_RULES } from "@transformer-xl/model";
import {
  DllLog,
  JsonLog,
  type LogFileOptions,
  logPath,
  type ProgressLine,
  rankName,
  TextLog,
  verbosityOf,
} from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";
import { JSON_LOG } from "./history/read_history.ts";

/** Settings of the logs. */
export type LogSettings = Pick<
  TrainConfig,
  | "workDir"
  | "logAllRanks"
  | "debug"
  | "dryRun"
  | "txtlogFile"
  | "dllogFile"
  | "compat"
  | "quiet"
  | "verbose"
>;

/** How the logs of a rank are opened. */
export interface LogOptions extends LogFileOptions {
  /** Number of the process, from 0. */
  readonly rank: number;
  /** Progress line of the terminal. */
  readonly progress: ProgressLine;
}

/** Whether a run leaves files. */
export function writesFiles(
  { debug, dryRun }: Pick<TrainConfig, "debug" | "dryRun">,
): boolean {
  return !debug && !dryRun;
}

/** Console and text log of a rank; with all ranks logging, lines and file names carry the rank. */
export function openTextLog(
  config: LogSettings,
  { rank, progress, ...mode }: LogOptions,
): TextLog {
  const { logAllRanks, txtlogFile } = config;
  if (rank > 0 && !logAllRanks) return new TextLog({ console: false });
  const name = logAllRanks ? rankName(txtlogFile, rank) : txtlogFile;
  return new TextLog({
    ...mode,
    ...(writesFiles(config) && { path: logPath(config.workDir, name) }),
    ...(logAllRanks && { rank }),
    verbosity: verbosityOf(config),
    progress,
  });
}

/** JSON objects of the events: those of rank 0 have one place, whether or not others log. */
export function openJsonLog(
  config: LogSettings,
  { rank, ...mode }: Omit<LogOptions, "progress">,
): JsonLog | undefined {
  if (!writesFiles(config) || rank > 0 && !config.logAllRanks) return undefined;
  const name = rank === 0 ? JSON_LOG : rankName(JSON_LOG, rank);
  return new JsonLog(logPath(config.workDir, name), mode);
}

/** Records for DLLogger, of rank 0 alone; where the reference is followed, they are replaced. */
export function openDllLog(
  config: LogSettings,
  { rank, ...mode }: Omit<LogOptions, "progress">,
): DllLog | undefined {
  if (!writesFiles(config) || rank > 0) return undefined;
  const { repeatsRecordErrors } = COMPAT_RULES[config.compat];
  return new DllLog(logPath(config.workDir, config.dllogFile), {
    ...mode,
    ...(repeatsRecordErrors && { mode: "truncate" }),
    pythonNumbers: repeatsRecordErrors,
  });
}
