/**
 * The work directory: one run per folder, and no replaced checkpoints of other runs.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CheckpointError, ConfigError, FolderLock, LOCK_NAME } from "@transformer-xl/runtime";
import { timeName, withRunFolder } from "@transformer-xl/train";
import { train } from "@transformer-xl/train/cli";
import { type Flags, Program, words } from "../../support/program.ts";
import { memoryGroups } from "../../support/processes/memory_group.ts";
import {
  contentOf,
  filesBelow,
  Scratch,
  SMALL,
  smallConfig,
  wordText,
} from "../../support/small_run.ts";

const short = {
  ...SMALL,
  device: "cpu",
  max_step: 6,
  eval_interval: 6,
  warmup_step: 2,
} as const;

/** Trains in this process and returns what it printed. */
async function trained(flags: Flags): Promise<string> {
  const writeSync = Deno.stdout.writeSync;
  let printed = "";
  Deno.stdout.writeSync = (bytes) => {
    printed += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    assertEquals(await train(words(flags)), 0);
  } finally {
    Deno.stdout.writeSync = writeSync;
  }
  return printed;
}

/** A run that is refused and leaves its folder as it was. */
async function refused(flags: Flags, folder: string, says: RegExp): Promise<void> {
  const before = await filesBelow(folder);
  const { message } = await assertRejects(() => train(words(flags)));
  assertMatch(message, says);
  assertEquals(await filesBelow(folder), before);
}

Deno.test("a folder's checkpoints are kept whichever of them is left", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const flags = { ...short, data, work_dir };
  await trained(flags);
  await Deno.remove(`${work_dir}/checkpoint_last.safetensors`);
  await refused(flags, work_dir, /holds a checkpoint, "checkpoint_best\.safetensors"; continue/);

  const printed = await trained({ work_dir, restart: true, device: "cpu", max_step: 8 });
  assertMatch(printed, /Continuing from ".*\/checkpoint_best\.safetensors" at step 6\n/);

  await Deno.rename(
    `${work_dir}/checkpoint_best.safetensors`,
    `${work_dir}/checkpoint_6.safetensors`,
  );
  await Deno.remove(`${work_dir}/checkpoint_last.safetensors`);
  await refused(flags, work_dir, /holds a checkpoint, "checkpoint_6\.safetensors"; continue/);
  const restart = { ...flags, restart: true } as const;
  await refused(restart, work_dir, /it holds "checkpoint_6\.safetensors", but neither a last nor/);
});

Deno.test("a restart into the folder of another run is refused, and with --overwrite has its own logs", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const [first, second] = [scratch.at("first"), scratch.at("second")];
  await trained({ ...short, data, work_dir: first });
  await trained({ ...short, data, work_dir: second, seed: 5 });
  const last = `${first}/checkpoint_last.safetensors`;
  const flags = { restart: last, work_dir: second, device: "cpu", max_step: 8 } as const;
  await refused(flags, second, /it holds a checkpoint of another run, "checkpoint_last/);

  const kept = await contentOf(last);
  await trained({ ...flags, overwrite: true });
  assertEquals(await contentOf(last), kept);
  const log = await Deno.readTextFile(`${second}/train_log.jsonl`);
  assertEquals(log.match(/"kind":"config"/g)?.length, 1);

  // Its own folder by another name is no other folder.
  await Deno.symlink(first, scratch.at("link"));
  await trained({ ...flags, work_dir: scratch.at("link") });
});

Deno.test("folders with the names of checkpoints are refused, also with --overwrite", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  for (const name of ["checkpoint_last.safetensors", "checkpoint_best.safetensors"]) {
    await Deno.mkdir(`${work_dir}/${name}/mine`, { recursive: true });
    const message = new RegExp(`Cannot save checkpoints as ".*/${name}": it is a folder; rename`);
    await refused({ ...short, data, work_dir, overwrite: true }, work_dir, message);
    await Deno.remove(`${work_dir}/${name}`, { recursive: true });
  }
});

Deno.test("a run has a folder of its data set and time, and a restart continues in the newest", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const appended = { append_dataset: true, append_time: true } as const;
  const flags = { ...short, ...appended, data, work_dir: scratch.at("run") } as const;
  const base = scratch.at("run-text");
  const folders = async () =>
    (await Array.fromAsync(Deno.readDir(base), ({ name }) => name)).sort();

  await trained({ ...flags, restart: true }); // there is nothing to continue yet
  const [first] = await folders();
  assertMatch(first!, /^20\d{6}-\d{6}$/);
  await Deno.rename(`${base}/${first}`, `${base}/20200101-000000`);
  await Deno.mkdir(`${base}/99990101-000000`); // has no checkpoint
  await trained({ ...flags, seed: 2 });
  const [older, newest] = await folders();
  assertEquals(older, "20200101-000000");

  const kept = await filesBelow(`${base}/${older}`);
  const more = { ...appended, data, work_dir: flags.work_dir, device: "cpu", max_step: 8 } as const;
  const printed = await trained({ ...more, restart: true });
  assertMatch(printed, new RegExp(`Continuing from ".*/run-text/${newest}/checkpoint_last`));
  // From a path, the folder is new; without --work_dir it is that of the checkpoint.
  const restart = `${base}/${older}`;
  await Deno.rename(`${base}/${newest}`, scratch.at("moved"));
  await trained({ ...more, restart });
  assertEquals((await folders()).length, 3);
  assertEquals(await filesBelow(restart), kept);
  await trained({ restart, append_time: true, device: "cpu", max_step: 8 });
  assertEquals((await folders()).length, 3);

  assertEquals(timeName(new Date(2026, 0, 2, 3, 4, 5).getTime()), "20260102-030405");
});

Deno.test("the latest time of all ranks names their folder", async () => {
  const folders = await Promise.all(
    memoryGroups(3).map(async (group) => {
      await new Promise((resolve) => setTimeout(resolve, 600 * group.rank));
      const config = smallConfig({ workDir: "/runs/", appendDataset: true, appendTime: true });
      return (await withRunFolder({ config, origin: new Map() }, undefined, group)).workDir;
    }),
  );
  assertEquals(new Set(folders).size, 1);
  assertMatch(folders[0]!, /^\/runs-self\/20\d{6}-\d{6}$/);
});

Deno.test("a work directory that cannot be written to is refused before anything is computed", async () => {
  await using scratch = new Scratch();
  const file = await scratch.text("file", "x");
  const data = scratch.at("missing.txt"); // is not looked for
  const rows: [workDir: string, says: RegExp][] = [
    ["", /^Cannot (use|parse) --work_dir.*""/],
    [file, /^Cannot write to --work_dir ".*\/file": it is not a folder; give another$/],
    [`${file}/below`, /^Cannot write to --work_dir ".*\/below": it is not a folder; give another$/],
  ];
  if (Deno.build.os === "linux") {
    rows.push([
      "/proc/run",
      /^Cannot write to --work_dir "\/proc\/run": no such file or directory/,
    ]);
  }
  for (const [work_dir, says] of rows) {
    for (const restart of [{}, { restart: true }] as const) {
      await refused({ ...short, data, work_dir, ...restart }, scratch.path, says);
    }
  }
});

Deno.test("of two runs in one folder the second is refused, also one of several processes", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const flags = { ...short, data, work_dir, max_step: 100_000, eval_interval: 100_000 };
  for (const gpus of [2, 1]) {
    // A killed job leaves its folder of sockets to the next job: here it goes with the scratch.
    const first = new Program("train", { ...flags, gpus }, { TMPDIR: scratch.path });
    await first.printed(/step +10 \|/);
    const says = /^Cannot train in ".*\/run": process \d+ on .+ is training here since 20.+Z; wait/;
    const { message } = await assertRejects(() => train(words(flags)), ConfigError);
    assertMatch(message, says);
    first.signal("SIGKILL");
    await first.ended();
    if (gpus > 1) await released(work_dir); // the ranks of a killed launcher end a moment later
  }
  // What a dead process left locks nobody out.
  assertEquals((await Deno.lstat(`${work_dir}/${LOCK_NAME}`)).isFile, true);
  await trained({ ...flags, max_step: 3 });
  await assertRejects(() => Deno.lstat(`${work_dir}/${LOCK_NAME}`), Deno.errors.NotFound);
});

/** Waits until a folder can be locked again. */
async function released(folder: string): Promise<void> {
  for (const deadlineMs = performance.now() + 20_000;;) {
    try {
      using _lock = await FolderLock.take(folder);
      return;
    } catch (error) {
      if (!(error instanceof ConfigError) || performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

Deno.test("a lock of a dead process is void, also when a living one has its id", async () => {
  await using scratch = new Scratch();
  const path = scratch.at(LOCK_NAME);
  const holder = {
    host: Deno.hostname(),
    pid: Deno.pid,
    startTicks: 1,
    since: "2026-01-01T00:00:00Z",
    id: "a",
  };
  for (const content of [JSON.stringify(holder), JSON.stringify(holder).slice(0, 30), ""]) {
    await Deno.writeTextFile(path, content);
    using _lock = await FolderLock.take(scratch.path);
  }
});

Deno.test("a lock of another machine holds as long as it is renewed", async () => {
  await using scratch = new Scratch();
  const path = scratch.at(LOCK_NAME);
  const holder = { host: "elsewhere", pid: 1, startTicks: 1, since: "2026-01-01", id: "a" };
  await Deno.writeTextFile(path, JSON.stringify(holder));
  let minute = 0;
  const beat = setInterval(() => Deno.utimeSync(path, ++minute * 60, minute * 60), 20);
  const said: string[] = [];
  const options = { silenceMs: 400, onWait: (sentence: string) => void said.push(sentence) };
  await assertRejects(
    () => FolderLock.take(scratch.path, options),
    ConfigError,
    "process 1 on elsewhere is training here since 2026-01-01",
  );
  clearInterval(beat);
  using lock = await FolderLock.take(scratch.path, options);
  assertMatch(
    said.join("\n"),
    /^(Waiting 0\.4 s to see whether process 1 on elsewhere still runs\n?){2}$/,
  );
  await lock.assertHeld();
  // This process was suspended, and another machine took over.
  await Deno.writeTextFile(path, JSON.stringify(holder));
  await assertRejects(() => lock.assertHeld(), ConfigError, "process 1 on elsewhere");
});

Deno.test("a batch per process is the whole batch times the processes, and a restart keeps the whole", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const [whole, local] = [scratch.at("whole"), scratch.at("local")];
  await trained({ ...short, data, work_dir: whole });
  const flags = { ...short, data, work_dir: local, batch_size: 64, local_batch_size: 4 } as const;
  assertMatch(await trained(flags), /batch size: 4, --local_batch_size times the world size\n/);
  const last = (workDir: string) => contentOf(`${workDir}/checkpoint_last.safetensors`);
  assertEquals(await last(local), await last(whole));
  const continued = { work_dir: local, restart: true, device: "cpu", max_step: 8 } as const;
  await assertRejects(
    () => train(words({ ...continued, local_batch_size: 2 })),
    CheckpointError,
    "with --local_batch_size 2, a batch of 2 (it is 4 there)",
  );
  await trained(continued);
  const planned = { ...short, data, work_dir: scratch.at("dry"), dry_run: true, gpus: 2 } as const;
  assertMatch(await trained({ ...planned, local_batch_size: 4 }), /- batch_size : 8 /);
  const uneven = { ...flags, work_dir: scratch.at("uneven"), local_batch_size: 3 } as const;
  await refused(uneven, scratch.path, /--local_batch_size 3 into --batch_chunk 2 equal chunks/);
});
