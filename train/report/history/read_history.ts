/**
 * The history of a run from the JSON log of its work directory.
 *
 * @module
 */
import {
  ConfigError,
  fileInfo,
  isSystemError,
  quoted,
  systemReason,
} from "@transformer-xl/runtime";
import { TextLineStream } from "@std/streams";
import { type Facts, factsOf, RunHistory } from "./run_history.ts";

/** The JSON log of rank 0, in the work directory. */
export const JSON_LOG = "train_log.jsonl";

/**
 * Reads the log line by line. A line that a killed run left incomplete is skipped.
 *
 * @returns an empty history if there is no log
 * @throws system errors of a log that cannot be read
 */
export async function readHistory(workDir: string): Promise<RunHistory> {
  const history = new RunHistory();
  const path = `${workDir}/${JSON_LOG}`;
  if (await fileInfo(path) === undefined) return history;
  using file = await Deno.open(path);
  const lines = file.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const record = parsed(line);
    if (record !== undefined) history.add(record);
  }
  return history;
}

/**
 * The history of a folder that a user names.
 *
 * @throws {ConfigError} when there is no run in it, or its log cannot be read
 */
export async function historyOf(folder: string): Promise<RunHistory> {
  const cannot = (state: string, remedy: string) =>
    new ConfigError(`Cannot report on ${quoted(folder)}: ${state}; ${remedy}`);
  const info = await fileInfo(folder);
  if (info === undefined) {
    throw cannot("there is no such folder", "name the work directory of a run");
  }
  if (!info.isDirectory) throw cannot("it is a file", "name the work directory of a run");
  if (await fileInfo(`${folder}/${JSON_LOG}`) === undefined) {
    throw cannot(`it has no ${JSON_LOG}`, "name the work directory of a run");
  }
  let history: RunHistory;
  try {
    history = await readHistory(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw cannot(`its ${JSON_LOG} cannot be read: ${systemReason(error)}`, "make it readable");
  }
  if (history.config === undefined) {
    throw cannot(`its ${JSON_LOG} has no settings of a run`, "name the work directory of a run");
  }
  return history;
}

function parsed(line: string): Facts | undefined {
  try {
    return factsOf(JSON.parse(line));
  } catch {
    return undefined; // what a killed run left
  }
}
