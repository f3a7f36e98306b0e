/**
 * Programs that have nothing to save end at a signal, however busy they are: while they prepare a
 * text, while they evaluate, and at a second Ctrl-C.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { openCorpus } from "@transformer-xl/model";
import { STOP_CODES, type StopSignal } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { type Flags, Program, words } from "../../support/program.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";

const isWindows = Deno.build.os === "windows";
const MAX_END_MS = 1000;

/** Signals a program and checks that it ends within a second, as the signal asks. */
async function assertEnds(program: Program, signal: StopSignal): Promise<void> {
  const startMs = performance.now();
  program.signal(signal);
  const { code, stdout, stderr } = await program.ended();
  const elapsedMs = performance.now() - startMs;
  assertEquals([code, stderr], [STOP_CODES[signal], ""], stdout);
  assertLess(elapsedMs, MAX_END_MS, signal);
}

/** Resolves when a path that matches is made in a folder or below it. */
async function made(folder: string, matches: (path: string) => boolean): Promise<void> {
  using watcher = Deno.watchFs(folder);
  for await (const { paths } of watcher) if (paths.some(matches)) return;
}

/** Words that are nearly all different: what takes longest to count. */
async function manyWords(scratch: Scratch): Promise<string> {
  const lines = Array.from(
    { length: 20_000 },
    (_, i) => Array.from({ length: 10 }, (_, n) => `w${(i * 10 + n).toString(36)}`).join(" "),
  );
  return await scratch.text("many.txt", lines.join("\n") + "\n");
}

function cacheFiles(workDir: string): string[] {
  try {
    return [...Deno.readDirSync(`${workDir}/cache`)].map(({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test({
  name: "a signal ends the preparation of a text within a second and leaves no half file",
  ignore: isWindows,
  fn: async () => {
    await using scratch = new Scratch();
    const data = await manyWords(scratch);
    const moments: [signal: StopSignal, matches: (path: string) => boolean, delayMs: number][] = [
      ["SIGHUP", (path) => path.endsWith("run.lock"), 20],
      ["SIGTERM", (path) => path.endsWith("run.lock"), 300],
      ["SIGINT", (path) => path.endsWith(".tmp"), 0], // while the cache is written
    ];
    for (const [signal, matches, delayMs] of moments) {
      const work_dir = scratch.at(signal);
      await Deno.mkdir(`${work_dir}/cache`, { recursive: true });
      const moment = made(work_dir, matches);
      const program = new Program("train", { ...SMALL, device: "cpu", data, work_dir });
      await moment;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await assertEnds(program, signal);
      const files = cacheFiles(work_dir);
      assertEquals(files.filter((name) => !name.endsWith(".safetensors")), []);
      if (files.length === 0) continue;
      const { source } = await openCorpus({
        dataset: "text",
        path: data,
        cacheDir: `${work_dir}/cache`,
      });
      assert(source.cached, "the file of the cache is not whole");
    }
  },
});

Deno.test({
  name: "a signal ends an evaluation within a second, with its exit code",
  ignore: isWindows,
  fn: async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(3000));
    const work_dir = scratch.at("run");
    const run: Flags = { ...SMALL, device: "cpu", data, work_dir, max_step: 1, warmup_step: 0 };
    assertEquals(await train(words({ ...run, no_eval: true })), 0);
    for (const signal of ["SIGHUP", "SIGTERM", "SIGINT"] as const) {
      const program = new Program("eval", {
        work_dir,
        data,
        device: "cpu",
        batch_size: 1,
        tgt_len: 1,
        mem_len: 8,
      });
      await program.printed(/step +10 \|/);
      await assertEnds(program, signal);
    }
  },
});

Deno.test({
  name:
    "a run in the middle of a long step ends at the second signal, and before saving at the first",
  ignore: isWindows,
  fn: async () => {
    for (
      const [phase, signals] of [
        ["preparing", ["SIGTERM"]],
        ["saving", ["SIGINT", "SIGINT"]],
      ] as const
    ) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", new URL("./deaf_run.ts", import.meta.url).href, phase],
        stdin: "null",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const lines = child.stdout.pipeThrough(new TextDecoderStream());
      let printed = "";
      const reader = lines.getReader();
      const until = async (line: string) => {
        while (!printed.includes(line)) {
          const { value, done } = await reader.read();
          assert(!done, `"${line}" was never printed`);
          printed += value;
        }
      };
      const [last, first] = [...signals].reverse();
      if (first !== undefined) {
        await until("ready");
        child.kill(first);
      }
      await until("busy");
      const startMs = performance.now();
      child.kill(last!);
      const { code } = await child.status;
      assertEquals(code, STOP_CODES[last!]);
      assertLess(performance.now() - startMs, MAX_END_MS);
      await reader.cancel();
    }
  },
});
