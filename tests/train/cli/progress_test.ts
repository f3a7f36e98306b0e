/**
 * The progress line of training in a terminal, wide and then narrow.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";
import { isMissing } from "../../support/optional_program.ts";
import { words } from "../../support/program.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";

const [TERMINAL, TRAIN] = ["../../support/python/in_terminal.py", "../../../train/cli.ts"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)));

const WIDE = 110;
const NARROW = 30;

Deno.test(
  "the progress line fits a wide window, then a narrow one, has no colors and leaves nothing",
  {
    ignore: Deno.build.os === "windows" || isMissing("python3"),
  },
  async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(60));
    const flags = { ...SMALL, device: "cpu", no_eval: true, max_step: 40, data } as const;
    const { code, stdout, stderr } = await tryProgram([
      ...["python3", TERMINAL!, String(WIDE), String(NARROW), "tok/s \\| [0-9:]+ left"],
      ...[Deno.execPath(), "run", "-A", "-q", "--no-check", TRAIN!],
      ...words({ ...flags, work_dir: scratch.at("run") }),
    ], { env: { TERM: "xterm", NODEVICE_SELECT: "1" } });
    assertEquals([code, stderr], [0, ""], stdout);
    const screen = stdout.replaceAll("\x1b", "ESC");
    const updates = [...screen.matchAll(/\r([^\r\n]+?)ESC\[K/g)].map(([, line]) => line!);
    const wide = updates.findIndex((line) => line.includes("tok/s"));
    assertMatch(
      updates[wide]!,
      /^step \d+ \/ 40 \| \[#*\.*\] \| \d+\.\d% \| loss \d\.\d\d \| [\d,]+ tok\/s \| \d:\d\d:\d\d left$/,
    );
    const narrow = updates.slice(wide).find((line) => line.length < NARROW);
    assertMatch(narrow ?? "", /^step \d+ \/ 40 \| loss \d\.\d\d$/);
    const escapes = new Set(screen.match(/ESC\[[\d;]*[A-Za-z]/g));
    assertEquals(escapes, new Set(["ESC[K"])); // neither colors nor moves
    assert(stdout.trimEnd().split("\n").at(-1)!.startsWith("Training throughput: "));
  },
);
