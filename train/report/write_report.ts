/**
 * The files of reports: a page and a picture in a work directory, or a page elsewhere. Each is
 * replaced as a whole.
 *
 * @module
 */
import { loadUplot, replaceFile } from "@transformer-xl/eval/page";
import { comparisonPage, runPage } from "./page/report_page.ts";
import { comparedRuns, runCurve } from "./page/run_curve.ts";
import type { NamedRun } from "./page/run_data.ts";

/** Names of a run's files in its work directory. */
export const REPORT_FILES = { page: "report.html", curve: "loss_curve.svg" } as const;

/** Whether a name is that of a picture, not of a page. */
export function isPicture(path: string): boolean {
  return path.toLowerCase().endsWith(".svg");
}

/**
 * Writes page and picture of a run.
 *
 * @throws system errors of files that cannot be written
 */
export async function writeReport(workDir: string, run: NamedRun): Promise<void> {
  const page = runPage(run, { writtenAt: new Date(), library: await loadUplot() });
  const curve = runCurve(run);
  await replaceFile(`${workDir}/${REPORT_FILES.page}`, page);
  await replaceFile(`${workDir}/${REPORT_FILES.curve}`, curve);
}

/**
 * Writes a page on one run, or on several side by side; only its picture if `path` ends with `.svg`.
 *
 * @throws system errors of a file that cannot be written
 */
export async function writePage(path: string, runs: readonly NamedRun[]): Promise<void> {
  const [only] = runs;
  if (isPicture(path)) {
    return await replaceFile(path, runs.length === 1 ? runCurve(only!) : comparedRuns(runs));
  }
  const facts = { writtenAt: new Date(), library: await loadUplot() };
  const page = runs.length === 1 ? runPage(only!, facts) : comparisonPage(runs, facts);
  await replaceFile(path, page);
}
