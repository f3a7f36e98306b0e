import { assert, assertEquals, assertLess } from "@std/assert";
import { Program, runProgram } from "../../support/program.ts";
import type { SaveMemory } from "./save_memory.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";
import { ROOT } from "../../repository/rules/source_tree.ts";

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "a save raises host memory by less than 1.1 times the largest tensor plus 64 MB",
  ignore: !isLinux,
  async fn() {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "tests/train/checkpoint/save_memory.ts"],
      cwd: ROOT,
      stderr: "inherit",
    }).output();
    assertEquals(code, 0);
    const memory: SaveMemory = JSON.parse(new TextDecoder().decode(stdout));
    assert(memory.fileBytes > 10 * memory.largestTensorBytes, "the model is too small to tell");
    assertLess(memory.raisedBytes, 1.1 * memory.largestTensorBytes + 64e6);
  },
});

Deno.test({
  name: "a checkpoint that was continued from is closed before it is replaced",
  ignore: !isLinux,
  async fn() {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(100));
    const flags = { ...SMALL, data, work_dir: scratch.at("run"), device: "cpu", eval_interval: 4 };
    const first = await runProgram("train", { ...flags, max_step: 4, warmup_step: 2 });
    assertEquals(first.code, 0, first.stderr);
    const program = new Program("train", {
      work_dir: flags.work_dir,
      restart: true,
      max_step: 20_000,
    });
    await program.printed(/^\| Eval .* step +12 /); // steps 4 and 8 were replaced
    const open = [...Deno.readDirSync(`/proc/${program.pid}/fd`)].map(({ name }) =>
      targetOf(`/proc/${program.pid}/fd/${name}`)
    );
    program.signal("SIGKILL");
    await program.ended();
    assert(open.some((target) => target.startsWith(scratch.path)), "no log is open");
    assertEquals(open.filter((target) => target.endsWith("safetensors (deleted)")), []);
  },
});

function targetOf(link: string): string {
  try {
    return Deno.readLinkSync(link);
  } catch {
    return ""; // closed since the folder was listed
  }
}
