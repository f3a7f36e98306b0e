/**
 * The connections of a ring on one machine: each rank listens on a socket, publishes its address as
 * a file in a private folder, and connects to the next rank.
 *
 * @module
 */
import { GroupError, messageOf } from "../../base/errors.ts";
import { closeQuietly } from "./close_quietly.ts";
import type { RingLinks } from "./ring.ts";

/** Sockets between processes of one machine. */
export type Transport = "unix" | "tcp";

/** Options of {@link connectRing}. */
export interface RingPlace {
  /** Number of this process. */
  readonly rank: number;
  /** W: processes of the ring, two or more. */
  readonly size: number;
  /** Private directory that all of them see. */
  readonly directory: string;
  /** Kind of sockets; other processes follow what each publishes. */
  readonly transport: Transport;
  /** Time for all processes to arrive. */
  readonly timeoutMs: number;
}

/** The connections, and files to remove once every rank is connected. */
export interface ConnectedRing {
  /** The connections. */
  readonly links: RingLinks;
  /** Removes what this process published. */
  removeFiles(): Promise<void>;
}

const POLL_MS = 10;
const TOKEN_BYTES = 16;
const CALLER_MS = 5000; // time limit for the token of a caller
const MAX_CALLERS = 64; // maximum number of unidentified callers
const MAX_SOCKET_PATH = 100; // some systems allow 103 bytes, most 107

interface Address {
  readonly unix?: string;
  readonly port?: number;
  /** Token that a caller sends first, in hexadecimal, since anyone can connect over TCP. */
  readonly token: string;
}

/** Unix sockets where Deno has them. */
export function defaultTransport(): Transport {
  return Deno.build.os === "windows" ? "tcp" : "unix";
}

/**
 * Connects this process with its neighbours in the ring.
 *
 * @throws {GroupError} naming the processes that did not arrive in time
 */
export async function connectRing(place: RingPlace): Promise<ConnectedRing> {
  const { rank, size, directory } = place;
  const socket = `${directory}/${rank}.sock`;
  const isUnix = place.transport === "unix" && socket.length <= MAX_SOCKET_PATH;
  const listener = listen(directory, isUnix ? socket : undefined);
  const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  const removeFiles = async () => {
    for (const path of [addressPath(directory, rank), ...(isUnix ? [socket] : [])]) {
      await Deno.remove(path).catch(() => {}); // gone with the directory
    }
  };
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), place.timeoutMs);
  const arrived = new Set([rank]);
  let links: Partial<RingLinks> = {};
  try {
    const port = isUnix ? undefined : (listener.addr as Deno.NetAddr).port;
    await publish(directory, rank, {
      token: token.toHex(),
      ...(port === undefined ? { unix: socket } : { port }),
    });
    const dialing = dial(directory, (rank + 1) % size, arrived, timeout.signal)
      .then((next) => links = { ...links, next });
    const accepting = accept(listener, token, timeout.signal)
      .then((previous) => links = { ...links, previous });
    await Promise.all([dialing, accepting]);
  } catch (error) {
    for (const link of Object.values(links)) closeQuietly(link);
    await removeFiles();
    if (!timeout.signal.aborted) throw error;
    throw lateError(place, arrived, links.next === undefined);
  } finally {
    clearTimeout(timer);
    closeQuietly(listener);
  }
  return { links: links as RingLinks, removeFiles };
}

function listen(directory: string, socket: string | undefined): Deno.Listener {
  try {
    if (socket === undefined) return Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return Deno.listen({ transport: "unix", path: socket });
  } catch (error) {
    throw new GroupError(
      `Cannot form a ring: the directory "${directory}" cannot hold its sockets ` +
        `(${messageOf(error)}); give every job a new, empty directory`,
      { cause: error },
    );
  }
}

function addressPath(directory: string, rank: number): string {
  return `${directory}/${rank}.json`;
}

/** A reader sees the whole file or none. */
async function publish(directory: string, rank: number, address: Address): Promise<void> {
  const path = addressPath(directory, rank);
  await Deno.writeTextFile(`${path}.tmp`, JSON.stringify(address), { mode: 0o600 });
  await Deno.rename(`${path}.tmp`, path);
}

/**
 * Connects to rank `to` as soon as its address is published; records other ranks that have arrived.
 */
async function dial(
  directory: string,
  to: number,
  arrived: Set<number>,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  for (;; await pause(signal)) {
    try {
      for await (const { name } of Deno.readDir(directory)) {
        const [, other] = /^(\d+)\.json$/.exec(name) ?? [];
        if (other !== undefined) arrived.add(Number(other));
      }
      if (!arrived.has(to)) continue;
      const address: Address = JSON.parse(await Deno.readTextFile(addressPath(directory, to)));
      const conn = address.unix === undefined
        ? await Deno.connect({ hostname: "127.0.0.1", port: address.port! })
        : await Deno.connect({ transport: "unix", path: address.unix });
      if ("setNoDelay" in conn) conn.setNoDelay(true);
      await conn.write(Uint8Array.fromHex(address.token));
      return conn;
    } catch (error) {
      throw new GroupError(
        `Cannot form a ring: process ${to} has ended; see its own messages`,
        { cause: error, lostRank: to },
      );
    }
  }
}

/** Waits for the caller with the token, which is rank r - 1. */
async function accept(
  listener: Deno.Listener,
  token: Uint8Array,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const callers = new Set<Deno.Conn>();
  const { promise, resolve, reject } = Promise.withResolvers<Deno.Conn>();
  const stop = () => closeQuietly(listener);
  signal.addEventListener("abort", stop);
  const listenTo = async (conn: Deno.Conn) => {
    callers.add(conn);
    const [oldest] = callers;
    if (callers.size > MAX_CALLERS) closeQuietly(oldest!);
    const isPrevious = await saysToken(conn, token);
    callers.delete(conn);
    if (isPrevious) resolve(conn);
    else closeQuietly(conn);
  };
  (async () => {
    for await (const conn of listener) void listenTo(conn);
    reject(new GroupError("Cannot form a ring: the time limit has expired"));
  })().catch(reject);
  try {
    const conn = await promise;
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    return conn;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const conn of callers) closeQuietly(conn);
  }
}

/** Whether a caller begins with the token, within a few seconds. */
async function saysToken(conn: Deno.Conn, token: Uint8Array): Promise<boolean> {
  const timer = setTimeout(() => closeQuietly(conn), CALLER_MS);
  const hello = new Uint8Array(TOKEN_BYTES);
  try {
    for (let held = 0; held < hello.length;) {
      const count = await conn.read(hello.subarray(held));
      if (count === null) return false;
      held += count;
    }
    return hello.every((byte, i) => byte === token[i]);
  } catch {
    return false; // it disconnected, or was closed
  } finally {
    clearTimeout(timer);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function lateError(
  { rank, size, timeoutMs }: RingPlace,
  arrived: ReadonlySet<number>,
  isNextMissing: boolean,
): GroupError {
  const missing = Array.from({ length: size }, (_, other) => other)
    .filter((other) => !arrived.has(other));
  if (missing.length > 0) return missingError(size, missing, timeoutMs);
  const silent = (rank + (isNextMissing ? 1 : size - 1)) % size;
  return missingError(size, [silent], timeoutMs);
}

/** The error for missing ranks. */
export function missingError(
  size: number,
  missing: readonly number[],
  timeoutMs: number,
  strangers = 0,
): GroupError {
  const dropped = strangers === 0 ? "" : `, and ${strangers} other callers were refused`;
  const who = missing.length === 1 ? `process ${missing[0]}` : `processes ${missing.join(", ")}`;
  return new GroupError(
    `Cannot form a group of ${size} processes: ${who} did not arrive within ${timeoutMs} ms` +
      `${dropped}; see what they printed`,
  );
}
