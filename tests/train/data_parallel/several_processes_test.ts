/**
 * The command lines as several real processes that share the software driver, or on the CPU where
 * the adapter proves nothing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { isMissing } from "../../support/optional_program.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import { type Ended, type Flags, Program, runProgram, words } from "../../support/program.ts";
import { filesBelow, Scratch, SMALL, wordText } from "../../support/small_run.ts";

/** Without what differs among processes. */
const SHARED = {
  ...SMALL,
  batch_size: 8,
  batch_chunk: 1,
  eval_batch_size: 4,
  dropout: 0,
  dropatt: 0,
  device: "gpu",
  log_interval: 1,
  eval_interval: 25,
  max_step: 50,
} as const;

interface LogRecord {
  readonly kind: string;
  readonly lossNats: number;
  readonly msPerBatch?: number;
  readonly tokensPerSecond?: number;
  readonly metrics?: readonly { readonly gradientNorm: number }[];
}

/** What a run told in its JSON log. */
async function recordsOf(path: string): Promise<LogRecord[]> {
  const text = await Deno.readTextFile(path);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as LogRecord);
}

async function lossesOf(workDir: string): Promise<number[]> {
  return (await recordsOf(`${workDir}/train_log.jsonl`))
    .flatMap(({ kind, lossNats }) => ["log", "eval", "test"].includes(kind) ? [lossNats] : []);
}

/** A run to its end. */
async function trained(flags: Flags): Promise<Ended> {
  const ended = await callProgram("train", flags);
  assertEquals([ended.code, ended.stderr], [0, ""], ended.stdout);
  return ended;
}

function distance(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / b[i]!));
}

/** The losses of one process; computed once. */
let aloneLosses: Promise<number[]> | undefined;

function alone(): Promise<number[]> {
  return aloneLosses ??= (async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(200));
    await trained({ ...SHARED, data, work_dir: scratch.at("run") });
    return await lossesOf(scratch.at("run"));
  })();
}

for (
  const [what, flags] of [
    ["four processes with two batch chunks", { gpus: 4, batch_chunk: 2 }],
    ["two processes on the CPU with two batch chunks", { gpus: 2, batch_chunk: 2, device: "cpu" }],
  ] as const
) {
  Deno.test(`${what} train, evaluate and test as one, for fifty steps`, async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(200));
    const workDir = scratch.at("run");
    const all = { ...SHARED, ...flags, oversubscribe: true, log_all_ranks: true, data } as const;
    await trained({ ...all, work_dir: workDir });
    const losses = await lossesOf(workDir);
    assert(distance(losses, await alone()) < 1e-5, `${distance(losses, await alone())}`);
    // Norms are of averaged gradients: equal to the last bit where the processes are one.
    const norms = async (name: string) =>
      (await recordsOf(`${workDir}/${name}`))
        .flatMap(({ metrics = [] }) => metrics.map(({ gradientNorm }) => gradientNorm));
    const first = await norms("train_log.jsonl");
    assertEquals(first.length, 50);
    for (let rank = 1; rank < flags.gpus; rank++) {
      assertEquals(await norms(`train_log_rank_${rank}.jsonl`), first);
    }
    // Speed is that of the job: the slowest time and the sum of tokens, alike on all.
    const speeds = async (name: string) =>
      (await recordsOf(`${workDir}/${name}`))
        .flatMap(({ kind, msPerBatch, tokensPerSecond }) =>
          kind === "log" ? [[msPerBatch, tokensPerSecond]] : []
        );
    assertEquals(await speeds("train_log_rank_1.jsonl"), await speeds("train_log.jsonl"));
    const files = Object.keys(await filesBelow(workDir)).map((path) => path.split("/").at(-1)!);
    assertEquals(files.filter((name) => name.startsWith("checkpoint")).sort(), [
      "checkpoint_best.safetensors",
      "checkpoint_last.safetensors",
    ]);
  });
}

Deno.test({
  name: "two processes under mpirun have the digits of the ring",
  ignore: isMissing("mpirun"),
  async fn() {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(200));
    const short = { device: "cpu", data, no_eval: true, max_step: 20 } as const;
    const flags = { ...SHARED, ...short, oversubscribe: true } as const;
    await trained({ ...flags, gpus: 2, work_dir: scratch.at("ring") });
    const cli = new URL("../../../train/cli.ts", import.meta.url).href;
    const run = ["run", "-A", "--quiet", cli, ...words({ ...flags, work_dir: scratch.at("mpi") })];
    const mpirun = ["mpirun", "-np", "2", "--oversubscribe", Deno.execPath(), ...run];
    const { code, stderr } = await tryProgram(mpirun, {
      env: {
        NODEVICE_SELECT: "1",
        OMPI_ALLOW_RUN_AS_ROOT: "1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
      },
    });
    assertEquals(code, 0, stderr);
    assertEquals(await lossesOf(scratch.at("mpi")), await lossesOf(scratch.at("ring")));
  },
});

Deno.test("processes that a launcher such as torchrun starts connect at MASTER_PORT", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(200));
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  const flags = {
    ...SHARED,
    device: "cpu",
    oversubscribe: true,
    data,
    no_eval: true,
    no_test: true,
    max_step: 20,
    max_step_scheduler: 50,
    work_dir: scratch.at("run"),
  } as const;
  const ended = await Promise.all([0, 1].map((rank) =>
    runProgram("train", flags, {
      RANK: String(rank),
      LOCAL_RANK: String(rank),
      WORLD_SIZE: "2",
      LOCAL_WORLD_SIZE: "2",
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: String(port),
    })
  ));
  for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
  const losses = await lossesOf(scratch.at("run"));
  assert(distance(losses, (await alone()).slice(0, 20)) < 1e-5);
  assertEquals(ended[1]!.stdout, "");
});

Deno.test("evaluation in three processes prints the lines of one", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(200));
  const small = { ...SHARED, device: "cpu", data, max_step: 5, no_test: true } as const;
  await trained({ ...small, work_dir: scratch.at("run") });
  const flags = {
    device: "cpu",
    work_dir: scratch.at("run"),
    model: scratch.at("run/checkpoint_last.safetensors"),
  };
  const score = async (gpus: number) => {
    const { code, stdout, stderr } = await callProgram("eval", {
      ...flags,
      gpus,
      oversubscribe: true,
      batch_size: 5,
      tgt_len: 8,
      mem_len: 8,
      split: "valid",
      log_interval: 2,
    });
    assertEquals([code, stderr], [0, ""]);
    const shown = stdout.split("\n").filter((line) => /^\| (step|valid loss) |scored/.test(line));
    return shown.map((line) => line.replace(/ ms\/batch +[\d.]+ \| tok\/s +\d+ \|/, ""));
  };
  const one = await score(1);
  assert(one.length > 3); // lines of segments, the result, the tokens that were scored
  assertEquals(await score(3), one);
});

Deno.test("SIGTERM to the launcher saves one checkpoint and exits with 0; more GPUs continue", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(200));
  const workDir = scratch.at("run");
  const run = { device: "cpu", data, work_dir: workDir, no_eval: true } as const;
  const flags = { ...SHARED, ...run, oversubscribe: true } as const;
  const program = new Program("train", { ...flags, gpus: 2 });
  await program.printed(/step +10 \|/);
  program.signal("SIGTERM");
  const stopped = await program.ended();
  assertEquals([stopped.code, stopped.stderr], [0, ""]);
  assertStringIncludes(stopped.stdout, "Interrupted at step");
  const saved = (await recordsOf(`${workDir}/train_log.jsonl`))
    .filter(({ kind }) => kind === "checkpoint");
  assertEquals(saved.length, 1);
  const rest = await trained({ ...flags, gpus: 4, restart: true });
  assertStringIncludes(rest.stdout, "Continuing from");
  const losses = await lossesOf(workDir);
  const want = (await alone()).filter((_, i) => i !== 25); // without the evaluation in between
  assert(distance(losses.slice(0, 50), want.slice(0, 50)) < 1e-5);
});

Deno.test({
  name: "SIGTERM to one of the processes stops all of them after the same step",
  ignore: Deno.build.os !== "linux", // finds the processes in /proc
  async fn() {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(200));
    const workDir = scratch.at("run");
    const program = new Program("train", {
      ...SHARED,
      device: "cpu",
      data,
      gpus: 2,
      oversubscribe: true,
      work_dir: workDir,
    });
    await program.printed(/step +10 \|/);
    Deno.kill((await program.children())[1]!, "SIGTERM");
    const { code, stdout } = await program.ended();
    assertEquals(code, 143);
    assertMatch(stdout, /\nInterrupted at step \d+; continue with --restart$/);
    const saved = (await recordsOf(`${workDir}/train_log.jsonl`))
      .filter(({ kind }) => kind === "checkpoint");
    assertEquals(saved.length, 1);
  },
});

Deno.test("more GPUs than available is an error that lists them", async () => {
  const { code, stderr } = await runProgram("train", { preset: "tiny", gpus: 64 });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "error: Cannot use 64 GPUs: this machine has ");
  assertStringIncludes(stderr, "--oversubscribe");
});

Deno.test("MPI without its launcher is refused before any process is started", async () => {
  const flags = { ...SHARED, gpus: 2, oversubscribe: true, backend: "mpi" } as const;
  const { code, stderr } = await callProgram("train", flags);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "error: Cannot start 2 processes with --backend mpi");
  assertStringIncludes(stderr, "mpirun -np 2");
});

Deno.test("a batch that processes cannot share is refused before any is started", async () => {
  const { code, stderr } = await callProgram("train", {
    ...SHARED,
    gpus: 3,
    oversubscribe: true,
  });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "error: Cannot share --batch_size 8 among 3 processes");
});
