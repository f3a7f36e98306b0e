/**
 * Bit-equal resume of runs stopped at any moment.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
import { trainingRecord } from "@transformer-xl/train";
import { type Ended, type Flags, Program, runProgram } from "../../support/program.ts";
import {
  assertRecord,
  contentOf,
  lossLines,
  recordsOf,
  Scratch,
  seededRandom,
  SMALL,
  wordText,
} from "../../support/small_run.ts";
import { gpuTest } from "../../support/test_gpu.ts";

/** When a run is killed: some time after a line, or when it begins to write its n-th file. */
type Moment = { readonly line: RegExp; readonly delayMs: number } | { readonly write: number };

/** What a finished run leaves. */
interface Outcome {
  readonly records: ReadonlyMap<string, string>;
  readonly lines: ReadonlySet<string>;
  readonly last: Readonly<Record<string, string>>;
  readonly best: Readonly<Record<string, string>>;
}

async function outcomeOf(workDir: string, stdout: string): Promise<Outcome> {
  return {
    records: new Map(await recordsOf(workDir)),
    lines: new Set(lossLines(stdout)),
    last: await contentOf(`${workDir}/checkpoint_last.safetensors`),
    best: await contentOf(`${workDir}/checkpoint_best.safetensors`),
  };
}

let onAdapter: Promise<Outcome> | undefined;

const adapterText = wordText(110);

/** The run on the adapter that nothing stops; both tests on the adapter compare with it. */
function uninterruptedOnAdapter(): Promise<Outcome> {
  return onAdapter ??= (async () => {
    await using scratch = new Scratch();
    const flags = { ...SMALL, data: await scratch.text("text.txt", adapterText), device: "gpu" };
    return await uninterrupted(flags, scratch.at("whole"));
  })();
}

async function uninterrupted(flags: Flags, workDir: string): Promise<Outcome> {
  const { code, stdout, stderr } = await runProgram("train", { ...flags, work_dir: workDir });
  assertEquals([code, stderr], [0, ""]);
  return await outcomeOf(workDir, stdout);
}

/** Starts or continues a run and kills it at a moment. */
async function killedAt(flags: Flags, workDir: string, moment: Moment): Promise<Ended> {
  await Deno.mkdir(workDir, { recursive: true });
  using watcher = Deno.watchFs(workDir);
  const program = new Program("train", flags);
  if ("line" in moment) {
    await program.printed(moment.line);
    await new Promise((resolve) => setTimeout(resolve, moment.delayMs));
  } else {
    let writes = 0;
    for await (const { kind, paths } of watcher) {
      if (kind !== "create" || !paths.some((path) => path.endsWith(".tmp"))) continue;
      if (paths.some((path) => path.includes("/cache/"))) continue;
      if (++writes === moment.write) break;
    }
  }
  program.signal("SIGKILL");
  return await program.ended();
}

/** Lines that a run prints alike whether it was stopped or not: without the first step line. */
function comparableLines(stdout: string): string[] {
  const lines = lossLines(stdout);
  const first = stdout.includes("Continuing from ")
    ? lines.findIndex((line) => line.startsWith("| epoch"))
    : -1;
  return lines.filter((_, i) => i !== first);
}

/** Compares what was printed after restarts, and what is left, with the run that was not stopped. */
async function assertContinues(
  stopped: readonly Ended[],
  last: Ended,
  workDir: string,
  want: Outcome,
): Promise<void> {
  assertEquals([last.code, last.stderr], [0, ""]);
  for (const { stdout } of [...stopped, last]) {
    for (const line of comparableLines(stdout)) assert(want.lines.has(line), line);
  }
  for (const [key, record] of await recordsOf(workDir)) {
    assertRecord(record, want.records.get(key), key);
  }
  const got = await outcomeOf(workDir, last.stdout);
  const logs = [...want.records.keys()].filter((key) => !key.startsWith("checkpoint"));
  assertEquals(logs.filter((key) => !got.records.has(key)), []);
  assertEquals(got.last, want.last);
  assertEquals(got.best, want.best);
}

async function killAndContinue(
  flags: Flags,
  moments: readonly Moment[],
  scratch: Scratch,
  want: Outcome,
): Promise<void> {
  const workDir = scratch.at("killed");
  const continued: Flags = { ...flags, work_dir: workDir, restart: true };
  const killed: Ended[] = [];
  for (const moment of moments) {
    const ended = await killedAt(continued, workDir, moment);
    assertEquals(ended.code, 137, `the run ended before it could be killed:\n${ended.stdout}`);
    killed.push(ended);
  }
  const last = await runProgram("train", continued);
  await assertContinues(killed, last, workDir, want);
}

gpuTest(
  "a run killed at any moment and restarted equals an uninterrupted one on the adapter",
  async () => {
    await using scratch = new Scratch();
    const random = seededRandom(20);
    const delayMs = () => Math.floor(random() * 60);
    const flags = { ...SMALL, data: await scratch.text("text.txt", adapterText), device: "gpu" };
    await killAndContinue(
      flags,
      [
        { write: 1 }, // while the first checkpoint is written
        { line: /epoch +2 step +35 /, delayMs: delayMs() }, // inside an epoch and an interval
        { write: 2 }, // between checkpoint_best and checkpoint_last, if both are written
      ],
      scratch,
      await uninterruptedOnAdapter(),
    );
  },
);

Deno.test("a killed run continues bit-equal on plain loops, with every kind of state", async () => {
  await using scratch = new Scratch();
  const flags = {
    ...SMALL,
    data: await scratch.text("text.txt", wordText(110)),
    device: "cpu",
    optim: "adam",
    scheduler: "dev_perf",
    lr: 0.003,
    ext_len: 2,
    adaptive: true,
    cutoffs: [8, 16],
    div_val: 2,
    pre_lnorm: true,
    save_all: true,
    eval_interval: 7,
  } as const;
  await killAndContinue(
    flags,
    [
      { line: /step +5 \|/, delayMs: 0 }, // before any checkpoint
      { write: 2 },
      { line: /epoch +1 step +20 /, delayMs: 3 },
      { line: /Eval +6 /, delayMs: 0 }, // right after a checkpoint
      { write: 1 },
    ],
    scratch,
    await uninterrupted(flags, scratch.at("whole")),
  );
});

gpuTest(
  "SIGINT and SIGTERM save the step they stop at, tell it by the exit code, and a restart continues bit-equal",
  async () => {
    await using scratch = new Scratch();
    const flags = { ...SMALL, data: await scratch.text("text.txt", adapterText), device: "gpu" };
    const want = await uninterruptedOnAdapter();
    const workDir = scratch.at("stopped");
    const continued = { ...flags, work_dir: workDir, restart: true } as const;
    const stopped: Ended[] = [];
    for (
      const [signal, code, line] of [
        ["SIGINT", 130, /step +15 \|/],
        ["SIGTERM", 143, /step +35 \|/],
      ] as const
    ) {
      const program = new Program("train", continued);
      await program.printed(line);
      program.signal(signal);
      const ended = await program.ended();
      assertEquals([ended.code, ended.stderr], [code, ""]);
      const step = Number(
        /^Interrupted at step (\d+); continue with --restart$/m.exec(ended.stdout)![1],
      );
      using checkpoint = await openCheckpoint(`${workDir}/checkpoint_last.safetensors`);
      assertEquals(trainingRecord(checkpoint).progress.step, step);
      stopped.push(ended);
    }
    const last = await runProgram("train", continued);
    assertStringIncludes(last.stdout, `Continuing from "${workDir}/checkpoint_last.safetensors"`);
    // The checkpoints of the two stops are there besides those of the schedule.
    const scheduled = { ...want, records: new Map(want.records) };
    for (const [key, record] of await recordsOf(workDir)) {
      if (key.startsWith("checkpoint") || key.startsWith("interrupted")) {
        scheduled.records.set(key, record);
      }
    }
    await assertContinues(stopped, last, workDir, scheduled);
  },
);
