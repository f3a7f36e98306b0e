/**
 * Pages with charts in Debian's Chromium, without a window.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Scratch } from "../small_run.ts";

/** Scripts that count errors, painted canvases and those with the first color, in attributes of the root. */
const WATCH = `<script>
document.documentElement.dataset.errors = "";
addEventListener("error", (event) => document.documentElement.dataset.errors += event.message);
</script>`;
const COUNT = `<script>
setTimeout(() => {
  const color = getComputedStyle(document.documentElement).getPropertyValue("--c0").trim();
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const pixels = [...document.querySelectorAll("canvas")].map((canvas) =>
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  );
  const isColored = (data) => data.some((value, i) =>
    i % 4 === 0 && value === red && data[i + 1] === green && data[i + 2] === blue
  );
  const { dataset } = document.documentElement;
  dataset.painted = pixels.filter((data) => data.some((value) => value > 0)).length;
  dataset.colored = pixels.filter(isColored).length;
}, 100);
</script>`;

/**
 * Checks that a page draws this many charts, without an error and without a line on the console.
 *
 * @param colored charts with something in the color of their first series, if that is checked
 */
export async function assertDrawn(page: string, charts: number, colored?: number): Promise<void> {
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
  if (colored !== undefined) assertStringIncludes(stdout, `data-colored="${colored}"`);
}

/** The text of a page's elements, without its style sheets and scripts. */
export function shownText(page: string): string {
  return page.replaceAll(/<(style|script)[^]*?<\/\1>/g, "").replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}
