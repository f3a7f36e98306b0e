/**
 * Standard output and standard error for long-running programs: a closed reader (`| head`, a closed
 * terminal) or a full disk loses lines, never the run.
 *
 * @module
 */
import { writeAllSync } from "../files/write_all.ts";
import { isSystemError, systemReason } from "../files/system_reason.ts";

/** A stream of lines. */
export interface TextSink {
  /** Writes bytes, at least one of them. */
  writeSync(bytes: Uint8Array): number;
}

const RETRY_MS = 5;

/**
 * Writes all of a text synchronously.
 *
 * @returns undefined, or the reason for which the rest is lost
 */
export function tryWrite(sink: TextSink, text: string): string | undefined {
  try {
    writeAllSync({ writeSync: (bytes) => writePatiently(sink, bytes) }, text);
    return undefined;
  } catch (error) {
    if (isSystemError(error)) return systemReason(error);
    throw error;
  }
}

function writePatiently(sink: TextSink, bytes: Uint8Array): number {
  for (;; wait(RETRY_MS)) {
    try {
      return sink.writeSync(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error; // otherwise a non-blocking pipe
    }
  }
}

/** Prints `warning: SENTENCE` to standard error, if that can still be written to. */
export function warn(sentence: string): void {
  tryWrite(Deno.stderr, `warning: ${sentence}\n`);
}

function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
