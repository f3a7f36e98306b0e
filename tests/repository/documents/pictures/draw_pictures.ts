/**
 * Generator of the README's pictures: runs the quickstart, or reads the transcript of one, and
 * writes `train/pictures/`.
 *
 * ```sh
 * deno run -A tests/repository/documents/pictures/draw_pictures.ts [TRANSCRIPT]
 * ```
 *
 * @module
 */
import { lossCurve } from "@transformer-xl/train/report";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../rules/source_tree.ts";
import { terminalPicture } from "./terminal_picture.ts";
import { lossesOf, shownLines } from "./transcript.ts";

/** The pictures of a transcript, by file name. */
export function drawPictures(transcript: string): ReadonlyMap<string, string> {
  const losses = lossesOf(transcript);
  const steps = losses.test.step.toLocaleString("en");
  return new Map([
    ["quickstart.svg", terminalPicture("deno task quickstart", shownLines(transcript))],
    [
      "loss_curve.svg",
      lossCurve({
        title: "Loss of the quickstart",
        subtitle: `bits per character; ${steps} steps of the preset "tiny" on this repository`,
        losses,
      }),
    ],
  ]);
}

/** What the quickstart prints in an empty folder, which is removed. */
async function runQuickstart(): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("train/quickstart.ts", ROOT).href],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`Cannot draw the quickstart: it exited with code ${code}`);
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [path] = Deno.args;
  const transcript = path === undefined ? await runQuickstart() : await Deno.readTextFile(path);
  const folder = new URL("train/pictures/", ROOT);
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, picture] of drawPictures(transcript)) {
    await Deno.writeTextFile(new URL(name, folder), picture);
  }
  const args = ["fmt", "--quiet", fileURLToPath(folder)];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot format the pictures in ${folder.href}`);
}
