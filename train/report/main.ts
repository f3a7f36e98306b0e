/**
 * `deno task report DIR...`: the report of a run, written again from its log, or a page that
 * compares runs.
 *
 * @module
 */
import { checkPage, writingPages } from "@transformer-xl/eval/page";
import { REMEDIES } from "@transformer-xl/model";
import {
  ConfigError,
  flagHelp,
  flagName,
  parseFlags,
  quoted,
  runCli,
  wantsHelp,
  withRemedies,
  withUserPaths,
} from "@transformer-xl/runtime";
import { basename, resolve } from "node:path";
import { reportSchema } from "./config.ts";
import { historyOf } from "./history/read_history.ts";
import type { NamedRun } from "./page/run_data.ts";
import { isPicture, REPORT_FILES, writePage, writeReport } from "./write_report.ts";

/** The flag that takes a file. */
const TO = `--${flagName("to")}`;

if (import.meta.main) await runCli(() => report(Deno.args, console.log));

/**
 * Reports on the given folders.
 *
 * @param print called with every line of output
 * @returns exit code: 0
 * @throws user errors: of flags, of folders without a run, and of files that cannot be written
 */
export async function report(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  return await withRemedies(REMEDIES, () => reportOn(argv, print));
}

async function reportOn(argv: readonly string[], print: (line: string) => void): Promise<number> {
  if (wantsHelp(argv)) {
    const description = "Writes the report of a run from its log, or compares several runs.";
    print(flagHelp(reportSchema, { usage: "deno task report DIR... [--to FILE]", description }));
    return 0;
  }
  // Words without dashes are folders, except the file of --to.
  const isFolder = (word: string, i: number) => !word.startsWith("-") && argv[i - 1] !== TO;
  const given = argv.filter(isFolder);
  if (given.includes("")) {
    throw new ConfigError('Cannot report on "": it is empty; name the work directory of a run');
  }
  const folders = given.map((path) => withUserPaths({ path }, ["path"]).path);
  const flags = argv.filter((word, i) => !isFolder(word, i));
  const { to } = withUserPaths(parseFlags(reportSchema, flags).config, ["to"]);
  if (folders.length === 0) {
    throw new ConfigError("Cannot report: no folder is given; name the work directories of runs");
  }
  const [first] = folders as [string];
  const isInFolder = folders.length === 1 && to === null;
  const path = isInFolder ? `${first}/${REPORT_FILES.page}` : to ?? REPORT_FILES.page;
  const runs: NamedRun[] = [];
  for (const [i, folder] of folders.entries()) {
    runs.push({ name: namesOf(folders)[i]!, history: await historyOf(folder) });
  }
  await checkPage(path, isPicture(path) ? "picture" : "report");
  await writingPages(path, async () => {
    if (isInFolder) await writeReport(first, runs[0]!);
    else await writePage(path, runs);
  });
  print(`written: ${quoted(path)}`);
  if (isInFolder) print(`written: ${quoted(`${first}/${REPORT_FILES.curve}`)}`);
  return 0;
}

/** Last parts of the paths; whole paths where these are not unique. */
function namesOf(folders: readonly string[]): string[] {
  const names = folders.map((folder) => basename(resolve(folder)));
  return new Set(names).size === names.length ? names : [...folders];
}
