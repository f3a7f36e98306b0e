/**
 * Fuzzing of callers at `MASTER_PORT` that do not belong to the job: the ranks of the job connect
 * nevertheless. Only loopback addresses are called.
 *
 * @module
 */
import { jobIdentity, openGroup, type RankEnvironment } from "@transformer-xl/runtime";
import { seededRandom } from "../support/small_run.ts";

/** How many strangers, and from which seed. */
export interface StrangersOptions {
  /** Number of strangers in all. */
  readonly count: number;
  /** Seed of what they say. */
  readonly seed: number;
}

const PER_JOB = 50;
const JOB_MS = 20_000;
const SIZE = 2;
const HOSTNAME = "127.0.0.1";

type Random = () => number;

/** A stranger: it has the connection, and may leave it open. */
type Stranger = (conn: Deno.TcpConn, random: Random) => Promise<unknown>;

/**
 * Lets strangers call jobs of two processes, 50 at each, while the second process is on its way.
 *
 * @throws {Error} at the first job that does not come together, with the seed that repeats it
 */
export async function fuzzStrangers({ count, seed }: StrangersOptions): Promise<void> {
  for (let done = 0; done < count; done += PER_JOB) {
    const jobSeed = seed + done;
    try {
      await oneJob(Math.min(PER_JOB, count - done), seededRandom(jobSeed));
    } catch (cause) {
      throw new Error(`The job of seed ${jobSeed} failed: ${cause}`, { cause });
    }
  }
}

/** The greeting of process 1 of 2 in a job without settings of its own, with other `fields`. */
export function greeting(fields: Readonly<Record<string, unknown>> = {}): string {
  const { token: job, settings } = jobIdentity({ WORLD_SIZE: String(SIZE) }, () => undefined);
  const machine = Deno.hostname();
  const hello = { program: "transformer-xl", job, rank: 1, size: SIZE, machine, settings };
  return `${JSON.stringify({ ...hello, ...fields })}\n`;
}

/** Connects to a port of this machine as soon as somebody listens there. */
export async function call(port: number): Promise<Deno.TcpConn> {
  for (;;) {
    const conn = await Deno.connect({ hostname: HOSTNAME, port }).catch(() => undefined);
    if (conn !== undefined) return conn;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function oneJob(strangers: number, random: Random): Promise<void> {
  const port = freePort();
  const open = (rank: number) =>
    openGroup({ environment: torchrun(rank, port), startTimeoutMs: JOB_MS });
  const first = open(0);
  first.catch(() => {}); // told below
  const held: Deno.TcpConn[] = [];
  try {
    for (let i = 0; i < strangers; i++) {
      const conn = await Promise.race([call(port), first.then(() => undefined)]);
      if (conn === undefined) throw new Error("a stranger took the place of process 1");
      held.push(conn);
      const stranger = STRANGERS[Math.floor(random() * STRANGERS.length)]!;
      await stranger(conn, random).catch(() => {}); // it is hung up on
    }
    const groups = await Promise.all([first, open(1)]);
    const parts = await Promise.all(
      groups.map((group) => group.allGather(Uint8Array.of(group.rank))),
    );
    await Promise.all(groups.map((group) => group[Symbol.asyncDispose]()));
    const said = JSON.stringify(parts.map((bytes) => bytes.map(([rank]) => rank)));
    if (said !== "[[0,1],[0,1]]") throw new Error(`the processes say ${said}`);
  } finally {
    for (const conn of held) close(conn);
  }
}

const NONSENSE: readonly unknown[] = [
  "1",
  1.5,
  -1,
  0,
  9,
  1e308,
  2 ** 53,
  null,
  true,
  {},
  [],
  [1],
  "",
  "\x1b[2J\n",
  "x".repeat(5000),
  { toString: "1" },
];

const FIELDS = ["program", "job", "rank", "size", "machine", "settings"] as const;

/** Tokens, ranks and machines that are not those of the job. */
function mutated(random: Random): string {
  const fields: Record<string, unknown> = {};
  const changes = 1 + Math.floor(random() * 3);
  for (let i = 0; i < changes; i++) {
    fields[FIELDS[Math.floor(random() * FIELDS.length)]!] =
      NONSENSE[Math.floor(random() * NONSENSE.length)];
  }
  // With the token of the job, a whole rank or size would be a process of it that is set up wrongly.
  const isStranger = !Number.isInteger(fields["rank"] ?? 1) || typeof fields["size"] === "string" ||
    "program" in fields || "job" in fields;
  return greeting(isStranger ? fields : { ...fields, job: "f".repeat(64) });
}

const STRANGERS: readonly Stranger[] = [
  (conn) => say(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  (conn) => say(conn, "null\n"),
  (conn) => say(conn, '{"rank":"1","machine":"x"}\n'),
  () => Promise.resolve(), // says nothing
  (conn) => Promise.resolve(conn.close()),
  (conn) => conn.closeWrite(),
  (conn) => say(conn, "[".repeat(60_000) + "\n"),
  (conn) => say(conn, "x".repeat(300_000)),
  (conn) => say(conn, "\n".repeat(1000)),
  (conn, random) => conn.write(bytes(random, 3000)),
  (conn, random) => conn.write(Uint8Array.of(...bytes(random, 300), 10)),
  (conn, random) => say(conn, greeting().slice(0, Math.floor(random() * greeting().length - 1))),
  (conn) => say(conn, greeting({ job: "0".repeat(64), settings: { "--lr": "1" } })),
  (conn, random) => say(conn, mutated(random)),
  (conn, random) => say(conn, mutated(random)),
  (conn, random) => say(conn, damaged(greeting({ job: "0".repeat(64) }), random)),
];

async function say(conn: Deno.TcpConn, text: string): Promise<void> {
  const data = new TextEncoder().encode(text);
  for (let done = 0; done < data.length;) done += await conn.write(data.subarray(done));
}

function bytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** One character is another one. */
function damaged(text: string, random: Random): string {
  const at = Math.floor(random() * (text.length - 1));
  const character = String.fromCharCode(32 + Math.floor(random() * 95));
  return text.slice(0, at) + character + text.slice(at + 1);
}

function torchrun(rank: number, masterPort: number): RankEnvironment {
  return {
    rank,
    size: SIZE,
    localRank: rank,
    localSize: SIZE,
    masterAddr: HOSTNAME,
    masterPort,
    launchedBy: "torchrun",
    ringDir: undefined,
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  return listener.addr.port;
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It closed itself.
  }
}
