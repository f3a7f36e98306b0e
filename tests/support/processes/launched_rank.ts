/**
 * A program for tests of the launcher: it launches itself, or, started by the launcher, behaves as
 * its first argument requests. It uses no GPU.
 *
 * @module
 */
import {
  GroupError,
  joinLauncher,
  launch,
  type LauncherLink,
  NOT_PASSED,
  runMain,
  sameProgram,
} from "@transformer-xl/runtime";

/** How the job is launched. */
export interface Job {
  /** Name of one of the behaviours below. */
  readonly behaviour: string;
  /** Folder in which every rank leaves a file with its process id and environment. */
  readonly scratch: string;
  /** W: processes. */
  readonly size: number;
  /** See `LaunchOptions`. */
  readonly heartbeatMs?: number;
  /** See `LaunchOptions`. */
  readonly showRanks?: "first" | "all";
}

const rank = Number(Deno.env.get("RANK"));
const PLAIN = "rank 1 exits with 3"; // reports by itself, without the frame of runMain
let plainLink: LauncherLink | undefined;
const BUSY_MS = 2000;
const FOREVER_MS = 60_000; // longer than any test waits

const BEHAVIOURS: Readonly<Record<string, (job: Job) => Promise<number>>> = {
  "rank 1 is busy": async (job) => {
    await allRun(job);
    const endMs = performance.now() + (rank === 1 ? BUSY_MS : 0);
    while (performance.now() < endMs); // nothing else gets a turn
    return 0;
  },
  waits: () => later(FOREVER_MS).then(() => 0),
  [PLAIN]: async (job) => {
    await allRun(job);
    await later(rank === 1 ? 100 : FOREVER_MS);
    await plainLink?.reportFailure("own", "it is a test");
    return 3;
  },
  "not passed": async (job) => {
    await allRun(job);
    await later(100 * rank); // they end one after another, and none is ended by the launcher
    console.log("finished");
    return NOT_PASSED;
  },
  "rank 1 throws": async (job) => {
    await allRun(job);
    await later(rank === 1 ? 100 : FOREVER_MS);
    throw new TypeError("a bug");
  },
  "rank 0 echoes rank 1": async (job) => {
    await allRun(job);
    await later(rank === 1 ? 50 : 0);
    if (rank === 1) throw new GroupError("Cannot read the text: it is a test");
    throw new GroupError("Cannot reach process 1: it is gone", { lostRank: 1 });
  },
  stops: async ({ scratch }) => {
    await signal("SIGTERM", "SIGINT");
    await later(50);
    await Deno.writeTextFile(`${scratch}/saved.${rank}`, "");
    return stopCode;
  },
  "does not stop": async () => {
    for (;;) await signal("SIGTERM");
  },
  prints: async () => {
    console.log(`out of ${rank}`);
    console.error(`complaint of ${rank}`);
    if (rank > 0) await Deno.stderr.write(new TextEncoder().encode(`unfinished ${rank}`));
    return 0;
  },
};

let stopCode = 0;

function later(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function allRun({ scratch, size }: Job): Promise<void> {
  for (let running = 0; running < size; await later(5)) {
    const names = [...Deno.readDirSync(scratch)].map(({ name }) => name);
    running = names.filter((name) => /^rank\.\d+$/.test(name)).length;
  }
}

function signal(...names: readonly ("SIGTERM" | "SIGINT")[]): Promise<void> {
  return new Promise((resolve) => {
    for (const name of names) {
      Deno.addSignalListener(name, () => {
        stopCode = name === "SIGINT" ? 130 : 143;
        resolve();
      });
    }
  });
}

const VARIABLES = [
  "RANK",
  "LOCAL_RANK",
  "WORLD_SIZE",
  "LOCAL_WORLD_SIZE",
  "MASTER_ADDR",
  "MASTER_PORT",
  "TXL_RING_DIR",
  "TXL_LAUNCHER",
];

async function behave(job: Job): Promise<number> {
  const behaviour = BEHAVIOURS[job.behaviour]!(job); // listens to signals before it says it runs
  const environment = Object.fromEntries(VARIABLES.map((name) => [name, Deno.env.get(name)]));
  const mode = (await Deno.stat(environment.TXL_RING_DIR!)).mode;
  // Renamed whole: whoever waits for the file reads all of it.
  const path = `${job.scratch}/rank.${rank}`;
  await Deno.writeTextFile(`${path}.part`, JSON.stringify({ pid: Deno.pid, mode, environment }));
  await Deno.rename(`${path}.part`, path);
  return await behaviour;
}

if (import.meta.main) {
  const [text = ""] = Deno.args;
  const job: Job = JSON.parse(text);
  if (Deno.env.has("TXL_LAUNCHER")) {
    if (job.behaviour !== PLAIN) await runMain(() => behave(job));
    plainLink = await joinLauncher();
    Deno.exit(await behave(job));
  }
  const { size, heartbeatMs = 20_000, showRanks = "first" } = job;
  Deno.exit(await launch({ ...sameProgram([text]), size, heartbeatMs, showRanks }));
}
