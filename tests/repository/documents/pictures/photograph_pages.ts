/**
 * Photographer of the README's pages: the report of a run, the memory curve of its inspection and its
 * coloured text, as small PNG files in `train/pictures/`, by Debian's Chromium.
 *
 * ```sh
 * deno task inspect --work_dir DIR
 * deno run -A tests/repository/documents/pictures/photograph_pages.ts DIR
 * ```
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../rules/source_tree.ts";

/** Size of a picture relative to its window, in pixels. */
const SCALE = 0.7;

/** The part of a page from a heading on. */
function fromHeading(page: string, heading: string): string {
  const at = page.indexOf(`<h2>${heading}</h2>`);
  if (at < 0) throw new Error(`Cannot photograph: the page has no heading "${heading}"`);
  return page.replace(/<main>[^]*(?=<\/main>)/, `<main>${page.slice(at, page.indexOf("</main>"))}`);
}

/** Photographs a page into a file, in dark colors. */
async function photograph(page: string, to: string, height: number): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/page.html`;
    await Deno.writeTextFile(path, page);
    const { code, stderr } = await tryProgram([
      ...["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
      ...[`--user-data-dir=${folder}/profile`, `--window-size=900,${height}`],
      ...[`--force-device-scale-factor=${SCALE}`, "--blink-settings=preferredColorScheme=0"],
      ...["--virtual-time-budget=2000", `--screenshot=${to}`, `file://${path}`],
    ]);
    if (code !== 0) throw new Error(`Cannot photograph a page: ${stderr}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [workDir = "LM-TFM"] = Deno.args;
  const to = (name: string) => fileURLToPath(new URL(`train/pictures/${name}.png`, ROOT));
  const report = await Deno.readTextFile(`${workDir}/report.html`);
  const inspection = await Deno.readTextFile(`${workDir}/inspection.html`);
  await photograph(report, to("report"), 764);
  await photograph(inspection, to("inspection"), 764);
  await photograph(fromHeading(inspection, "Surprise of every token"), to("tokens"), 764);
}
