/**
 * Where no launcher of ours made a directory for the ring, process 0 makes one and tells the others
 * its path over TCP at `MASTER_ADDR:MASTER_PORT`, the contract of torchrun.
 *
 * @module
 */
import { GroupError } from "../errors.ts";
import { closeQuietly } from "./close_quietly.ts";
import { missingError } from "./ring_links.ts";

/** What {@link rendezvous} needs to know. */
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
}

interface Hello {
  readonly rank: number;
  readonly machine: string;
}

interface Answer {
  readonly directory?: string;
  readonly error?: string;
}

const RETRY_MS = 20;
const MAX_LINE_BYTES = 4096;
const NEWLINE = 10;
const ANSWER_GRACE_MS = 2000; // process 0 decides first, and says why

/**
 * The path of a new private directory, the same on every process. Process 0 made it and removes it.
 *
 * @throws {GroupError} when the port is in use, processes do not arrive, or run on other machines
 */
export function rendezvous(meeting: Meeting): Promise<string> {
  return meeting.rank === 0 ? host(meeting) : visit(meeting);
}

async function host(meeting: Meeting): Promise<string> {
  const { size, hostname, port, timeoutMs } = meeting;
  const listener = listen(hostname, port);
  const visitors = new Map<number, Deno.Conn>();
  const machine = Deno.hostname();
  const answer = (reply: Answer) => {
    const line = new TextEncoder().encode(`${JSON.stringify(reply)}\n`);
    return Promise.all([...visitors.values()].map((conn) => conn.write(line).catch(() => {})));
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        const missing = Array.from({ length: size }, (_, rank) => rank)
          .filter((rank) => rank !== 0 && !visitors.has(rank));
        reject(missingError(size, missing, timeoutMs));
      }, timeoutMs);
      const welcome = async (conn: Deno.Conn) => {
        const hello = await readLine<Hello>(conn);
        if (hello?.rank === undefined || hello.machine === undefined) return conn.close();
        if (visitors.has(hello.rank) || hello.rank < 1 || hello.rank >= size) {
          visitors.set(-1 - visitors.size, conn); // it is told why, too
          return reject(rankError(hello.rank, size));
        }
        visitors.set(hello.rank, conn);
        if (hello.machine !== machine) reject(machineError(machine, hello));
        else if (visitors.size === size - 1) resolve();
      };
      (async () => {
        for await (const conn of listener) welcome(conn).catch(() => {}); // a stranger hung up
      })().catch(reject);
    });
    const directory = await Deno.makeTempDir({ prefix: "txl-ring-" });
    await answer({ directory });
    return directory;
  } catch (error) {
    await answer({ error: (error as Error).message });
    throw error;
  } finally {
    clearTimeout(timer);
    listener.close();
    for (const conn of visitors.values()) closeQuietly(conn);
  }
}

function listen(hostname: string, port: number): Deno.Listener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new GroupError(
        `Cannot meet the other processes: port ${port} of "${hostname}" is in use; ` +
          "set MASTER_PORT to a free one",
        { cause: error },
      );
    }
    throw new GroupError(
      `Cannot meet the other processes: process 0 cannot listen at "${hostname}" port ${port} ` +
        `(${(error as Error).message}); set MASTER_ADDR to an address of its machine`,
      { cause: error },
    );
  }
}

async function visit(meeting: Meeting): Promise<string> {
  const { rank, hostname, port, timeoutMs } = meeting;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const conn = await Deno.connect({ hostname, port }).catch(() => undefined);
    if (conn !== undefined) {
      const timer = setTimeout(
        () => closeQuietly(conn),
        deadline - performance.now() + ANSWER_GRACE_MS,
      );
      try {
        const hello: Hello = { rank, machine: Deno.hostname() };
        await conn.write(new TextEncoder().encode(`${JSON.stringify(hello)}\n`));
        const answer = await readLine<Answer>(conn);
        if (answer?.directory !== undefined) return answer.directory;
        if (answer?.error !== undefined) throw new GroupError(answer.error);
      } catch (error) {
        if (error instanceof GroupError) throw error; // others: not process 0, or not yet
      } finally {
        clearTimeout(timer);
        closeQuietly(conn);
      }
    }
    if (performance.now() > deadline) {
      throw new GroupError(
        `Cannot meet the other processes: process 0 did not answer at "${hostname}" port ${port} ` +
          `within ${timeoutMs} ms; see what it printed, and check MASTER_ADDR and MASTER_PORT`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The first line as JSON; undefined when there is none. */
async function readLine<T>(conn: Deno.Conn): Promise<T | undefined> {
  const buffer = new Uint8Array(MAX_LINE_BYTES);
  for (let length = 0; length < buffer.length;) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) return undefined;
    length += count;
    if (buffer[length - 1] === NEWLINE) {
      return JSON.parse(new TextDecoder().decode(buffer.subarray(0, length)));
    }
  }
  return undefined;
}

function rankError(rank: number, size: number): GroupError {
  return new GroupError(
    `Cannot form a group of ${size} processes: another process says it is number ${rank}; ` +
      "give every process its own RANK below WORLD_SIZE",
  );
}

function machineError(machine: string, { rank, machine: other }: Hello): GroupError {
  return new GroupError(
    `Cannot form a ring: process 0 runs on "${machine}", process ${rank} on "${other}"; ` +
      "start processes on several machines with mpirun or srun, with --backend mpi",
  );
}
