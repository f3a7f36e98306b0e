/**
 * Lost output: closed readers and full disks lose lines, never the run.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { JsonLog, TextLog } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { type Flags, type ProgramName, words } from "../../support/program.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";

const short = { ...SMALL, device: "cpu", max_step: 30, eval_interval: 100 } as const;

/** What a program whose standard output is closed after its first bytes left. */
async function withoutReader(name: ProgramName, flags: Flags) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL(`../../../${name}/cli.ts`, import.meta.url).href]
      .concat(words(flags)),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  return { code: (await child.status).code, stderr };
}

/** Runs `body` with `writeSync` of a stream replaced; returns what the other calls wrote. */
async function withStream(
  stream: { writeSync(bytes: Uint8Array): number },
  writeSync: (bytes: Uint8Array) => number,
  body: () => Promise<void> | void,
): Promise<void> {
  const own = stream.writeSync;
  stream.writeSync = writeSync;
  try {
    await body();
  } finally {
    stream.writeSync = own;
  }
}

Deno.test("training continues without a reader of its output, and names the log file", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const { code, stderr } = await withoutReader("train", { ...short, data, work_dir });
  assertMatch(
    stderr,
    /^warning: Cannot write to standard output: broken pipe; the program continues, its lines are in ".*\/train_log\.log"\n$/,
  );
  assertEquals(code, 0);
  assertMatch(await Deno.readTextFile(`${work_dir}/train_log.log`), /step +30 \|/);
  assert((await Deno.stat(`${work_dir}/checkpoint_last.safetensors`)).isFile);
});

Deno.test("evaluation and help end quietly without a reader", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  await withStream(Deno.stdout, (bytes) => bytes.length, async () => {
    assertEquals(await train(words({ ...short, data, work_dir, max_step: 4, warmup_step: 2 })), 0);
  });
  const model = `${work_dir}/checkpoint_last.safetensors`;
  const lengths = {
    tgt_len: 8,
    mem_len: 8,
    batch_size: 1,
    log_interval: 1,
    device: "cpu",
  } as const;
  for (
    const [name, flags] of [["eval", { model, ...lengths }], ["train", { help: true }]] as const
  ) {
    const { code, stderr } = await withoutReader(name, flags);
    assertEquals(stderr, "");
    assertEquals(code, 0);
  }
});

Deno.test({
  name:
    "a log on a full disk loses whole lines, is told of once, and is continued when there is room",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const full = "/dev/full"; // every write fails with ENOSPC
    let told = "";
    const tell = (bytes: Uint8Array) => (told += new TextDecoder().decode(bytes), bytes.length);
    let shown = "";
    await withStream(Deno.stderr, tell, () => {
      using text = new TextLog({ path: full, console: (line) => void (shown += line) });
      using json = new JsonLog(full);
      for (let i = 0; i < 3; i++) {
        text.write(`line ${i}`);
        json.write({ i });
      }
    });
    assertEquals(shown, "line 0\nline 1\nline 2\n");
    const line =
      'warning: Cannot write to "/dev/full": no space left on device; lines are missing ' +
      "there until it can be written to\n";
    assertEquals(told, line + line);
  },
});

Deno.test("a line that was written in part is removed, and the next ones follow whole ones", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("log.jsonl");
  const { writeSync } = Deno.FsFile.prototype;
  using json = new JsonLog(path);
  json.write({ i: 0 });
  await withStream(Deno.stderr, (bytes) => bytes.length, async () => {
    let room = 4;
    const cramped = function (this: Deno.FsFile, bytes: Uint8Array): number {
      if (room === 0) throw new Error("No space left on device (os error 28)");
      const written = writeSync.call(this, bytes.subarray(0, room));
      room -= written;
      return written;
    };
    await withStream(Deno.FsFile.prototype, cramped, () => json.write({ i: 1 }));
  });
  json.write({ i: 2 });
  assertEquals(await Deno.readTextFile(path), '{"i":0}\n{"i":2}\n');
});
