/**
 * Jobs of several real processes: environment and common end.
 *
 * @module
 */
import { GroupError, launch, type LaunchOptions } from "@transformer-xl/runtime";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Job } from "../../support/processes/launched_rank.ts";
import { Scratch } from "../../support/small_run.ts";

/** Signals and process groups are those of Unix. */
const ignore = Deno.build.os === "windows";

/** What a rank leaves in the scratch folder. */
interface Started {
  readonly pid: number;
  readonly mode: number;
  readonly environment: Readonly<Record<string, string>>;
}

const UNSTARTABLE: LaunchOptions = {
  command: "/nowhere/program",
  args: [],
  size: 2,
  heartbeatMs: 1000,
  showRanks: "first",
};

interface JobEnd {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A launcher with its job. */
class LaunchedJob {
  readonly #scratch: string;
  readonly #size: number;
  readonly #child: Deno.ChildProcess;

  constructor(job: Job) {
    this.#scratch = job.scratch;
    this.#size = job.size;
    const program = new URL("../../support/processes/launched_rank.ts", import.meta.url);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", program.href, JSON.stringify(job)],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Waits until every rank behaves as it should. */
  async ranks(): Promise<readonly Started[]> {
    const paths = Array.from({ length: this.#size }, (_, rank) => `${this.#scratch}/rank.${rank}`);
    await until(() => paths.every(exists), "every rank has started");
    return paths.map((path) => JSON.parse(Deno.readTextFileSync(path)));
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Ends it, if a failed test left it behind. */
  [Symbol.dispose](): void {
    try {
      this.signal("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }

  async ended(): Promise<JobEnd> {
    const { code, signal, stdout, stderr } = await this.#child.output();
    const decoder = new TextDecoder();
    return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    assert(performance.now() - startMs < 10_000, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process runs; one that has ended and waits for its parent does not. */
function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
  } catch {
    return false;
  }
  if (!exists("/proc/self/stat")) return true;
  try {
    return !/\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Runs a job to its end; `disturb` acts once every rank has started. */
async function runJob(
  job: Omit<Job, "scratch">,
  disturb: (ranks: readonly Started[], launched: LaunchedJob, scratch: string) => unknown =
    () => {},
): Promise<JobEnd & { readonly ranks: readonly Started[]; readonly elapsedMs: number }> {
  await using scratch = new Scratch();
  using launched = new LaunchedJob({ ...job, scratch: scratch.path });
  const end = launched.ended();
  const ranks = await launched.ranks();
  const startMs = performance.now();
  await disturb(ranks, launched, scratch.path);
  const ended = await end;
  const elapsedMs = performance.now() - startMs;
  const folder = ranks[0]!.environment.TXL_RING_DIR!;
  if (ended.signal !== null) { // a killed launcher leaves its folder to a later one
    await assertRejects(() => launch(UNSTARTABLE), GroupError);
  }
  assert(!exists(folder), "the folder is still there");
  await until(() => !ranks.some(({ pid }) => isAlive(pid)), "every rank has ended");
  return { ...ended, ranks, elapsedMs };
}

Deno.test({
  name: "each process gets its rank in torchrun's variables, and a private folder",
  ignore,
  async fn() {
    const { code, stdout, ranks } = await runJob({ behaviour: "prints", size: 3 });
    assertEquals([code, stdout], [0, "out of 0\n"]);
    for (const [rank, { environment, mode }] of ranks.entries()) {
      const { MASTER_PORT, TXL_RING_DIR, TXL_LAUNCHER, ...rest } = environment;
      assertEquals(rest, {
        RANK: String(rank),
        LOCAL_RANK: String(rank),
        WORLD_SIZE: "3",
        LOCAL_WORLD_SIZE: "3",
        MASTER_ADDR: "127.0.0.1",
      });
      assert(Number(MASTER_PORT) > 0);
      assertEquals(TXL_LAUNCHER, `${TXL_RING_DIR}/launcher.sock`);
      assertEquals(mode & 0o777, 0o700);
    }
    assertEquals(new Set(ranks.map(({ environment }) => environment.TXL_RING_DIR)).size, 1);
  },
});

Deno.test({
  name: "output is shown as it is; errors of processes other than 0 have their rank in front",
  ignore,
  async fn() {
    const { stdout, stderr } = await runJob({ behaviour: "prints", size: 2, showRanks: "all" });
    assertEquals(stdout.trimEnd().split("\n").sort(), ["out of 0", "out of 1"]);
    assertEquals(stderr.trimEnd().split("\n").sort(), [
      "[1] complaint of 1",
      "[1] unfinished 1",
      "complaint of 0",
    ]);
  },
});

Deno.test({
  name: "a process that exits with 3 ends the job with 3 and one line",
  ignore,
  async fn() {
    const { code, stderr, elapsedMs } = await runJob({ behaviour: "rank 1 exits with 3", size: 3 });
    assertEquals([code, stderr], [3, "error: process 1 of 3 ended: exit code 3: it is a test\n"]);
    assert(elapsedMs < 3000, `${elapsedMs} ms`);
  },
});

Deno.test({
  name: "a verdict of all processes is the code of the job, without an error line",
  ignore,
  async fn() {
    const { code, stdout, stderr } = await runJob({ behaviour: "not passed", size: 3 });
    assertEquals({ code, stdout, stderr }, { code: 1, stdout: "finished\n", stderr: "" });
  },
});

Deno.test({
  name: "a killed process ends the job with 128 + its signal",
  ignore,
  async fn() {
    const { code, stderr, elapsedMs } = await runJob(
      { behaviour: "waits", size: 2 },
      ([, victim]) => Deno.kill(victim!.pid, "SIGKILL"),
    );
    assertEquals([code, stderr], [137, "error: process 1 of 2 ended: killed by SIGKILL\n"]);
    assert(elapsedMs < 3000, `${elapsedMs} ms`);
  },
});

Deno.test({
  name: "remaining processes that do not stop on request are killed",
  ignore,
  async fn() {
    const { code, elapsedMs } = await runJob(
      { behaviour: "does not stop", size: 2 },
      ([victim]) => Deno.kill(victim!.pid, "SIGKILL"),
    );
    assertEquals(code, 137);
    assert(elapsedMs < 3000, `${elapsedMs} ms`);
  },
});

Deno.test({
  name: "a bug in one process keeps its stack and ends the job with 1",
  ignore,
  async fn() {
    const { code, stderr, elapsedMs } = await runJob({ behaviour: "rank 1 throws", size: 2 });
    assertEquals(code, 1);
    assertMatch(stderr, /^\[1\] error: Uncaught .*TypeError: a bug\n(\[1\] .*\n)+error: process/);
    assert(stderr.endsWith("error: process 1 of 2 ended: exit code 1: TypeError: a bug\n"), stderr);
    assert(elapsedMs < 3000, `${elapsedMs} ms`);
  },
});

Deno.test({
  name: "the first failure is reported, not that of the process that lost its peer",
  ignore,
  async fn() {
    const { code, stderr } = await runJob({ behaviour: "rank 0 echoes rank 1", size: 2 });
    const line = "error: process 1 of 2 ended: exit code 2: Cannot read the text: it is a test\n";
    assertEquals([code, stderr], [2, line]);
  },
});

Deno.test({
  name: "a process that hangs is ended, and the job with it",
  ignore,
  async fn() {
    const { code, stderr, elapsedMs } = await runJob(
      { behaviour: "waits", size: 2, heartbeatMs: 1500 },
      ([, victim]) => Deno.kill(victim!.pid, "SIGSTOP"),
    );
    assertEquals(code, 1);
    assertMatch(stderr, /^error: process 1 of 2 ended: no heartbeat for [\d.]+ s\n$/);
    assert(elapsedMs < 5000, `${elapsedMs} ms`);
  },
});

Deno.test({
  name: "a process whose main thread is busy for longer than the heartbeat is not ended",
  ignore,
  async fn() {
    const job = { behaviour: "rank 1 is busy", size: 2, heartbeatMs: 1000 };
    const { code, stderr } = await runJob(job);
    assertEquals([code, stderr], [0, ""]);
  },
});

Deno.test({
  name: "folders of killed jobs are swept by the next job, those of living ones are not",
  ignore,
  async fn() {
    const folder = (name: string) => Deno.makeTempDir({ prefix: `${name}-` });
    const dead = await folder("txl-job-dead");
    const living = await folder("txl-job-living");
    const starting = await folder("txl-job-starting");
    const never = await folder("txl-job-never");
    const other = await folder("other");
    const made = [dead, living, starting, never, other];
    try {
      const socket = `${dead}/launcher.sock`;
      Deno.listen({ transport: "unix", path: socket }).close();
      if (!exists(socket)) await Deno.writeTextFile(socket, ""); // a runtime that removes its socket
      using _living = Deno.listen({ transport: "unix", path: `${living}/launcher.sock` });
      const minuteAgo = new Date(Date.now() - 61_000);
      await Deno.utime(never, minuteAgo, minuteAgo);
      await assertRejects(() => launch(UNSTARTABLE), GroupError);
      assertEquals(made.filter(exists), [living, starting, other]);
    } finally {
      for (const path of made.filter(exists)) await Deno.remove(path, { recursive: true });
    }
  },
});

Deno.test({
  name: "no process outlives a killed launcher, not even one that is stopped",
  ignore,
  async fn() {
    const { code } = await runJob({ behaviour: "waits", size: 3 }, ([, stopped], launched) => {
      if (Deno.build.os === "linux") Deno.kill(stopped!.pid, "SIGSTOP");
      launched.signal("SIGKILL");
    });
    assertEquals(code, 137);
  },
});

for (const [signal, expected] of [["SIGTERM", 0], ["SIGINT", 130]] as const) {
  Deno.test({
    name: `${signal} lets every process save; the launcher then returns ${expected}`,
    ignore,
    async fn() {
      const { code, stderr } = await runJob(
        { behaviour: "stops", size: 2 },
        async (_, launched, scratch) => {
          launched.signal(signal);
          await until(
            () => [0, 1].every((rank) => exists(`${scratch}/saved.${rank}`)),
            "every rank has saved",
          );
        },
      );
      assertEquals([code, stderr], [expected, ""]);
    },
  });
}

Deno.test({
  name: "a repeated SIGTERM is one request at first, and kills later",
  ignore,
  async fn() {
    const { code, elapsedMs } = await runJob(
      { behaviour: "does not stop", size: 2 },
      async ([first], launched) => {
        launched.signal("SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 100));
        launched.signal("SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 600));
        assert(isAlive(first!.pid));
        launched.signal("SIGTERM");
      },
    );
    assertEquals(code, 143);
    assert(elapsedMs < 3000, `${elapsedMs} ms`);
  },
});

Deno.test("a program that cannot be started is named", async () => {
  const error = await assertRejects(() => launch(UNSTARTABLE), GroupError);
  assertMatch(error.message, /^Cannot start process 0 of 2: "\/nowhere\/program" fails with "/);
});
