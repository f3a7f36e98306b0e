/**
 * Rendezvous of processes without a launcher of ours: process 0 makes a directory for the ring and
 * sends its path over TCP at `MASTER_ADDR:MASTER_PORT`, the contract of torchrun.
 *
 * Callers without the token of the job are dropped. If the token is derived from the settings, such
 * a caller may be a rank with other flags: unless the right rank connects within a few seconds,
 * both receive the difference.
 *
 * @module
 */
import { GroupError, isUserError, messageOf } from "../../base/errors.ts";
import { isOlder, makeTemporaryFolder } from "../../files/temporary_folder.ts";
import { writeAll } from "../../files/write_all.ts";
import { closeQuietly } from "./close_quietly.ts";
import {
  type Answer,
  encodeLine,
  type Greeting,
  greetingOf,
  MACHINES_NEED,
  parseAnswer,
  parseGreeting,
  readLine,
} from "./greeting.ts";
import type { JobIdentity } from "../job_token.ts";
import { missingError } from "./ring_links.ts";
import { factDifference } from "../same_facts.ts";

/** Options of {@link rendezvous}. */
export interface Meeting {
  /** Number of this process. */
  readonly rank: number;
  /** W: processes of the job. */
  readonly size: number;
  /** Address of the machine of process 0. */
  readonly hostname: string;
  /** Port at which process 0 listens. */
  readonly port: number;
  /** Time for all processes to arrive. */
  readonly timeoutMs: number;
  /** Identity of the job. */
  readonly job: JobIdentity;
}

const PREFIX = "txl-ring-";
const LEFT_OVER_MS = 600_000; // a ring is formed, and its folder removed, in less
const RETRY_MS = 20;
const GREETING_MS = 5000; // time limit for the greeting of a caller
const PATIENCE_MS = 6000; // time for the right rank, or a free port, after a wrong one
const ANSWER_GRACE_MS = 2000; // rank 0 decides first and reports the reason
const SPARE_CALLERS = 64; // maximum number of unidentified callers

/**
 * The path of a new private directory, equal on all ranks. Rank 0 creates and removes it.
 *
 * @throws {GroupError} when the port is in use, processes do not arrive, run on other machines, or
 * have other settings
 */
export function rendezvous(meeting: Meeting): Promise<string> {
  return meeting.rank === 0 ? new Host(meeting).meet() : visit(meeting);
}

/** Process 0. */
class Host {
  readonly #meeting: Meeting;
  readonly #machine = Deno.hostname();
  readonly #visitors = new Map<number, Deno.Conn>();
  readonly #callers = new Set<Deno.Conn>();
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #met = Promise.withResolvers<void>();
  #strangers = 0;
  #hasOtherSettings = false;

  constructor(meeting: Meeting) {
    this.#meeting = meeting;
  }

  async meet(): Promise<string> {
    const { size, timeoutMs, job } = this.#meeting;
    const listener = await listen(this.#meeting);
    this.#after(timeoutMs, () => {
      const missing = Array.from({ length: size }, (_, rank) => rank)
        .filter((rank) => rank !== 0 && !this.#visitors.has(rank));
      return missingError(size, missing, timeoutMs, this.#strangers);
    });
    void this.#accept(listener).catch(this.#met.reject);
    try {
      await this.#met.promise;
      const directory = await makeTemporaryFolder(PREFIX, (path) => isOlder(path, LEFT_OVER_MS));
      await this.#tellAll({ job: job.token, directory });
      return directory;
    } catch (error) {
      await this.#tellAll({
        job: job.token,
        error: messageOf(error).slice(0, 1000),
        need: isUserError(error) && error.need === MACHINES_NEED ? error.need : undefined,
      });
      throw error;
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      closeQuietly(listener);
      for (const conn of [...this.#visitors.values(), ...this.#callers]) closeQuietly(conn);
    }
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    for await (const conn of listener) {
      this.#callers.add(conn);
      const [oldest] = this.#callers;
      if (this.#callers.size > this.#meeting.size + SPARE_CALLERS) this.#drop(oldest!);
      void this.#welcome(conn).then((stays) => {
        this.#callers.delete(conn);
        if (!stays) closeQuietly(conn);
      });
    }
  }

  /** Reads the greeting of a caller; returns whether it belongs to the job. */
  async #welcome(conn: Deno.Conn): Promise<boolean> {
    const greeting = parseGreeting(await readLine(conn, GREETING_MS));
    if (greeting?.job !== this.#meeting.job.token) {
      this.#strangers++;
      if (greeting !== undefined) await this.#refuse(conn, greeting);
      return false;
    }
    const { size } = this.#meeting;
    const { rank, machine } = greeting;
    const isFree = rank >= 1 && rank < size && !this.#visitors.has(rank);
    this.#visitors.set(isFree ? rank : -1 - this.#visitors.size, conn); // it receives the reason, too
    if (greeting.size !== size) this.#met.reject(sizeError(size, greeting));
    else if (!isFree) this.#met.reject(rankError(rank, size));
    else if (machine !== this.#machine) this.#met.reject(machineError(this.#machine, greeting));
    else if (this.#visitors.size === size - 1) this.#met.resolve();
    return true;
  }

  /** Sends this rank's settings to a rank with other settings. */
  async #refuse(conn: Deno.Conn, { rank, settings }: Greeting): Promise<void> {
    const { job: { token, isDigest, settings: own } } = this.#meeting;
    const known = isDigest && settings !== undefined;
    await write(conn, { job: token, ...(known && { settings: own }) });
    const difference = known ? factDifference(own, 0, settings, rank) : undefined;
    if (difference === undefined || this.#hasOtherSettings) return;
    this.#hasOtherSettings = true;
    this.#after(PATIENCE_MS, () => otherSettings(difference));
  }

  #drop(conn: Deno.Conn): void {
    this.#callers.delete(conn);
    closeQuietly(conn);
  }

  #after(delayMs: number, error: () => Error): void {
    this.#timers.push(setTimeout(() => this.#met.reject(error()), delayMs));
  }

  async #tellAll(answer: Answer): Promise<void> {
    await Promise.all([...this.#visitors.values()].map((conn) => write(conn, answer)));
  }
}

/** Waits for a port that another job is about to release. */
async function listen({ hostname, port, timeoutMs }: Meeting): Promise<Deno.Listener> {
  const deadline = performance.now() + Math.min(PATIENCE_MS, timeoutMs);
  for (;;) {
    try {
      return Deno.listen({ hostname, port });
    } catch (error) {
      const isInUse = error instanceof Deno.errors.AddrInUse;
      if (!isInUse) {
        throw new GroupError(
          `Cannot connect to the other processes: process 0 cannot listen at "${hostname}" port ${port} ` +
            `(${messageOf(error)}); set MASTER_ADDR to an address of its machine`,
          { cause: error },
        );
      }
      if (performance.now() > deadline) {
        throw new GroupError(
          `Cannot connect to the other processes: port ${port} of "${hostname}" is in use; ` +
            "set MASTER_PORT to a free one",
          { cause: error },
        );
      }
    }
    await pause(10 * RETRY_MS);
  }
}

async function visit(meeting: Meeting): Promise<string> {
  const { rank, size, timeoutMs, job } = meeting;
  const deadline = performance.now() + timeoutMs;
  const greeting = greetingOf(job, { rank, size, machine: Deno.hostname() });
  let refusal: { readonly sentence: string | undefined; readonly sinceMs: number } | undefined;
  for (;;) {
    const answer = await ask(meeting, greeting, deadline);
    if (answer?.job === job.token) {
      if (answer.directory !== undefined) return answer.directory;
      if (answer.error !== undefined) {
        throw new GroupError(answer.error, { lostRank: 0, need: answer.need });
      }
    } else if (answer !== undefined) {
      const { settings } = answer;
      const sentence = settings && job.isDigest
        ? factDifference(settings, 0, job.settings, rank)
        : undefined;
      refusal ??= { sentence, sinceMs: performance.now() };
    }
    const nowMs = performance.now();
    const { sentence, sinceMs = nowMs } = refusal ?? {};
    if (sentence !== undefined && nowMs - sinceMs > PATIENCE_MS) throw otherSettings(sentence);
    if (nowMs > deadline) throw unanswered(meeting, refusal !== undefined);
    await pause(refusal === undefined ? RETRY_MS : 10 * RETRY_MS);
  }
}

/** One connection attempt; undefined if this program does not answer. */
async function ask(
  { hostname, port }: Meeting,
  greeting: Greeting,
  deadline: number,
): Promise<Answer | undefined> {
  const conn = await Deno.connect({ hostname, port }).catch(() => undefined);
  if (conn === undefined) return undefined;
  try {
    await write(conn, greeting);
    const patienceMs = Math.max(0, deadline - performance.now()) + ANSWER_GRACE_MS;
    return parseAnswer(await readLine(conn, patienceMs));
  } finally {
    closeQuietly(conn);
  }
}

async function write(conn: Deno.Conn, message: Greeting | Answer): Promise<void> {
  try {
    await writeAll(conn, encodeLine(message));
  } catch {
    // It disconnected.
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

function otherSettings(difference: string): GroupError {
  return new GroupError(`${difference}, or other jobs another MASTER_PORT or TXL_JOB_TOKEN`);
}

function unanswered({ hostname, port, timeoutMs }: Meeting, isRefused: boolean): GroupError {
  const place = `"${hostname}" port ${port}`;
  if (isRefused) {
    return new GroupError(
      `Cannot connect to the other processes: the process at ${place} belongs to another job; ` +
        "set MASTER_PORT to a free one, and one TXL_JOB_TOKEN for all processes of a job",
    );
  }
  return new GroupError(
    `Cannot connect to the other processes: process 0 did not answer at ${place} within ${timeoutMs} ms; ` +
      "see what it printed, and check MASTER_ADDR and MASTER_PORT",
  );
}

function sizeError(size: number, { rank, size: other }: Greeting): GroupError {
  return new GroupError(
    `Cannot form a group: WORLD_SIZE is "${size}" on process 0 and "${other}" on process ${rank}; ` +
      "give every process the same",
  );
}

function rankError(rank: number, size: number): GroupError {
  return new GroupError(
    `Cannot form a group of ${size} processes: another process has rank ${rank}, taken or out of range; ` +
      "give every process its own RANK below WORLD_SIZE",
  );
}

function machineError(machine: string, { rank, machine: other }: Greeting): GroupError {
  return new GroupError(
    `Cannot form a ring: process 0 runs on "${machine}", process ${rank} on "${other}"`,
    { need: MACHINES_NEED },
  );
}
