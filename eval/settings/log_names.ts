/**
 * Checks of names that a user gives to logs.
 *
 * @module
 */
import { ConfigError, quoted } from "@transformer-xl/runtime";
import { normalize, resolve } from "node:path";

/** Files of the work directory that a log must not replace. */
const OWN_FILES =
  /^(checkpoint_.*|(train|eval)_log(_rank_\d+)?\.jsonl|run\.lock|test_due|profile\.md|profile_trace\.json|report\.html|inspection\.html|loss_curve\.svg|events\.out\.tfevents\..*|cache(\/.*)?)$/;

/** Where a log goes. */
export interface LogPlace {
  /** Folder of relative names. */
  readonly folder: string;
  /** Files that are read. */
  readonly inputs: readonly (string | null)[];
}

/**
 * Checks that a log replaces no other file of the run and no file that it reads.
 *
 * @param flag with dashes
 * @throws {ConfigError} naming the flag and the path
 */
export function checkLogName(flag: string, name: string, { folder, inputs }: LogPlace): void {
  const path = resolve(folder, name);
  const others = [folder, ...inputs].filter((other) => other !== null);
  if (!OWN_FILES.test(normalize(name)) && others.every((other) => resolve(other) !== path)) return;
  throw new ConfigError(
    `Cannot log to ${flag} ${quoted(name)}: the run has another file of this name; ` +
      "give another name",
  );
}

/**
 * Checks that the records for DLLogger do not go to the text log, nor to that of a rank.
 *
 * @param text name of the text log, with the flag that sets it
 * @throws {ConfigError} naming the flag and the paths
 */
export function checkDllogName(
  name: string,
  text: { readonly name: string; readonly flag?: string },
  folder: string,
): void {
  const unranked = name.replace(/_rank_\d+(\.[^./]*)?$/, "$1");
  const path = resolve(folder, text.name);
  if ([name, unranked].every((other) => resolve(folder, other) !== path)) return;
  const shown = `${text.flag === undefined ? "" : `${text.flag} `}${quoted(text.name)}`;
  throw new ConfigError(
    `Cannot log to --dllog_file ${quoted(name)}: it is the text log, ${shown}; ` +
      "give them different names",
  );
}
