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
  const flagsAt = argv.findIndex((word) => word.startsWith("-"));
  const folders = argv.slice(0, flagsAt < 0 ? argv.length : flagsAt)
    .map((path) => withUserPaths({ path }, ["path"]).path);
  const { to } = withUserPaths(
    parseFlags(reportSchema, argv.slice(folders.length)).config,
    ["to"],
  );
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
