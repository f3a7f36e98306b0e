/**
 * Pages with charts in Debian's Chromium, without a window.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Scratch } from "../small_run.ts";

/** Scripts that count errors and painted canvases, in attributes of the page's root. */
const WATCH = `<script>
document.documentElement.dataset.errors = "";
addEventListener("error", (event) => document.documentElement.dataset.errors += event.message);
</script>`;
const COUNT = `<script>
setTimeout(() => {
  const isPainted = (canvas) =>
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0);
  const canvases = [...document.querySelectorAll("canvas")];
  document.documentElement.dataset.painted = canvases.filter(isPainted).length;
}, 100);
</script>`;

/** Checks that a page draws this many charts, without an error and without a line on the console. */
export async function assertDrawn(page: string, charts: number): Promise<void> {
  await using scratch = new Scratch();
  const watched = page.replace("<head>", `<head>${WATCH}`).replace("</body>", `${COUNT}</body>`);
  const path = await scratch.text("page.html", watched);
  const { code, stdout, stderr } = await tryProgram([
    ...["chromium", "--headless=new", "--no-sandbox", "--disable-gpu"],
    ...[`--user-data-dir=${scratch.at("profile")}`, "--virtual-time-budget=2000"],
    ...["--enable-logging=stderr", "--dump-dom", `file://${path}`],
  ]);
  assertEquals(code, 0, stderr);
  assertEquals(stderr.match(/^.*:CONSOLE.*$/gm), null);
  assertStringIncludes(stdout, 'data-errors=""');
  assertStringIncludes(stdout, `data-painted="${charts}"`);
}

/** The text of a page's elements, without its style sheets and scripts. */
export function shownText(page: string): string {
  return page.replaceAll(/<(style|script)[^]*?<\/\1>/g, "").replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}
