/**
 * Paths of logs.
 *
 * @module
 */
import { isAbsolute, parse } from "node:path";

/** Path of a log: in a folder, unless its name is an absolute path. */
export function logPath(folder: string, name: string): string {
  return isAbsolute(name) ? name : `${folder}/${name}`;
}

/**
 * Name of a log that every rank has.
 *
 * @example
 * ```ts
 * import { rankName } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rankName("train_log.log", 1), "train_log_rank_1.log");
 * assertEquals(rankName("/logs/lines", 0), "/logs/lines_rank_0");
 * ```
 */
export function rankName(file: string, rank: number): string {
  const { name, ext } = parse(file);
  return `${file.slice(0, file.length - name.length - ext.length)}${name}_rank_${rank}${ext}`;
}
