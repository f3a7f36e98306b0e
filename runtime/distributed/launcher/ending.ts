/**
 * The outcome of a process and its meaning for the job.
 *
 * @module
 */
import { formatSeconds } from "../../base/format.ts";
import type { Failure } from "./wire.ts";

/** The end of one process. */
export interface Ending {
  /** Which process. */
  readonly rank: number;
  /** Exit code: 128 + the signal's number if a signal ended it. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal: Deno.Signal | null;
  /** Its last message. */
  readonly failure: Failure | undefined;
  /** Time since its last heartbeat, if it was ended for silence. */
  readonly silentMs: number | undefined;
}

/** Whether it ended only because another rank ended. */
export function isSecondaryFailure(ending: Ending): boolean {
  return ending.failure?.origin === "secondary" && ending.signal === null;
}

/** Whether it finished its work and returned a code that all ranks agreed on. */
export function isVerdict(ending: Ending): boolean {
  return ending.failure?.origin === "verdict" && ending.signal === null;
}

/** Exit code of a job that ended for this reason; never 0. */
export function exitCodeOf(ending: Ending): number {
  return ending.silentMs === undefined ? ending.code : 1;
}

/** Short reason of the end: a signal, an exit code with its message, or silence. */
export function causeOf(ending: Ending): string {
  const { code, signal, failure, silentMs } = ending;
  if (silentMs !== undefined) return `no heartbeat for ${formatSeconds(silentMs)}`;
  if (signal !== null) return `killed by ${signal}`;
  return failure === undefined ? `exit code ${code}` : `exit code ${code}: ${failure.sentence}`;
}
