/**
 * The flags of `deno task report`.
 *
 * @module
 */
import { ConfigError, fileInfo, pathValue, quoted } from "@transformer-xl/runtime";
import { dirname } from "node:path";
import { z } from "zod";
import { REPORT_MARK } from "./page/report_page.ts";

/** Schema of the flags. */
export const reportSchema = z.strictObject({
  to: pathValue.nullable().default(null)
    .describe(
      "Page to write; by default report.html, with one DIR in DIR with loss_curve.svg beside it",
    )
    .meta({ metavar: "FILE" }),
});

/**
 * Checks that a page can be written without replacing anything but a report.
 *
 * @throws {ConfigError} naming the file
 */
export async function checkPage(path: string): Promise<void> {
  const cannot = (state: string) => new ConfigError(`Cannot write ${quoted(path)}: ${state}`);
  const info = await fileInfo(path);
  if (info?.isDirectory) throw cannot("it is a folder; give --to the name of a file");
  if (info !== undefined && !(await isReport(path))) {
    throw cannot("it is a file, and no report; give another name with --to");
  }
  const folder = dirname(path);
  if (!(await fileInfo(folder))?.isDirectory) {
    throw cannot(`there is no folder ${quoted(folder)}; create it, or give another name with --to`);
  }
}

async function isReport(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(1024);
  const length = await file.read(start) ?? 0;
  return new TextDecoder().decode(start.subarray(0, length)).includes(REPORT_MARK);
}
