/**
 * The messages that ranks exchange at `MASTER_PORT`, one line of JSON each. Anyone can connect
 * there, so every field is validated and every line is limited in length and time.
 *
 * @module
 */
import type { Need } from "../../base/need.ts";
import { closeQuietly } from "./close_quietly.ts";
import type { JobIdentity } from "../job_token.ts";
import { asFacts, type Facts } from "../same_facts.ts";

/** Greeting of a rank to rank 0. */
export interface Greeting {
  /** Token of its job. */
  readonly job: string;
  /** Its number, from 1. */
  readonly rank: number;
  /** W: processes of its job. */
  readonly size: number;
  /** Name of its machine. */
  readonly machine: string;
  /** Its settings, if the token is derived from them. */
  readonly settings?: Facts | undefined;
}

/** Answer of rank 0. */
export interface Answer {
  /** Token of the job of process 0. */
  readonly job: string;
  /** Folder of the ring. */
  readonly directory?: string | undefined;
  /** Reason for ending the job. */
  readonly error?: string | undefined;
  /** What would have to change. */
  readonly need?: typeof MACHINES_NEED | undefined;
  /** Settings of process 0, for a caller with others. */
  readonly settings?: Facts | undefined;
}

/** The need of a job whose processes run on several machines. */
export const MACHINES_NEED = "MPI between machines" satisfies Need;

const PROGRAM = "transformer-xl";
const MAX_LINE_BYTES = 64 * 1024;
const MAX_TEXT = 1000;
const MAX_PROCESSES = 1_000_000;
const TOKEN = /^[0-9a-f]{64}$/;
const NEWLINE = 10;

/** The bytes of a line. */
export function encodeLine(message: Greeting | Answer): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify({ program: PROGRAM, ...message })}\n`);
}

/** The greeting of a process; with settings only if the token is derived from them. */
export function greetingOf(
  { token, isDigest, settings }: JobIdentity,
  place: Pick<Greeting, "rank" | "size" | "machine">,
): Greeting {
  return { job: token, ...place, ...(isDigest && { settings }) };
}

/** A valid greeting; undefined for anything else. */
export function parseGreeting(line: string | undefined): Greeting | undefined {
  const fields = fieldsOf(line);
  if (fields === undefined) return undefined;
  const { job, rank, size, machine, settings } = fields;
  const isGreeting = isToken(job) && isWhole(size, 2, MAX_PROCESSES) &&
    isWhole(rank, 0, MAX_PROCESSES) && isText(machine);
  if (!isGreeting) return undefined;
  const facts = settings === undefined ? undefined : asFacts(settings);
  if (settings !== undefined && facts === undefined) return undefined;
  return { job, rank, size, machine, settings: facts };
}

/** A valid answer; undefined for anything else. */
export function parseAnswer(line: string | undefined): Answer | undefined {
  const fields = fieldsOf(line);
  if (fields === undefined) return undefined;
  const { job, directory, error, need, settings } = fields;
  if (!isToken(job)) return undefined;
  if (directory !== undefined && !(isText(directory) && /^(\/|[A-Za-z]:)/.test(directory))) {
    return undefined;
  }
  if (error !== undefined && !isText(error)) return undefined;
  if (need !== undefined && need !== MACHINES_NEED) return undefined;
  const facts = settings === undefined ? undefined : asFacts(settings);
  if (settings !== undefined && facts === undefined) return undefined;
  return { job, directory, error, need, settings: facts };
}

/**
 * The first line of a connection, of at most 64 KiB; undefined when there is none in time. The
 * connection is closed when the time is over.
 */
export async function readLine(conn: Deno.Conn, timeoutMs: number): Promise<string | undefined> {
  const timer = setTimeout(() => closeQuietly(conn), timeoutMs);
  try {
    let held = new Uint8Array();
    const piece = new Uint8Array(4096);
    while (held.length < MAX_LINE_BYTES) {
      const count = await conn.read(piece);
      if (count === null) return undefined;
      const end = piece.subarray(0, count).indexOf(NEWLINE);
      const longer = new Uint8Array(held.length + (end < 0 ? count : end));
      longer.set(held);
      longer.set(piece.subarray(0, end < 0 ? count : end), held.length);
      held = longer;
      if (end >= 0) return new TextDecoder("utf-8", { fatal: true }).decode(held);
    }
    return undefined;
  } catch {
    return undefined; // it disconnected, was closed, or sent no text
  } finally {
    clearTimeout(timer);
  }
}

function fieldsOf(line: string | undefined): Record<string, unknown> | undefined {
  if (line === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const fields = value as Record<string, unknown>;
    return fields["program"] === PROGRAM ? fields : undefined;
  } catch {
    return undefined;
  }
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Short, and without control characters. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT &&
    !/\p{Cc}/u.test(value);
}
