/**
 * Standard output and standard error of a program that has more to do than to print. A reader that
 * went away (`| head`, a dead `tee`, a closed terminal) or a full disk behind `> file` loses lines,
 * never the work.
 *
 * @module
 */
import { isSystemError, systemReason } from "../files/system_reason.ts";

/** A stream of lines. */
export interface TextSink {
  /** Writes bytes, at least one of them. */
  writeSync(bytes: Uint8Array): number;
}

const RETRY_MS = 5;

/**
 * Writes all of a text before returning.
 *
 * @returns undefined, or why the rest of it is lost
 */
export function tryWrite(sink: TextSink, text: string): string | undefined {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += sink.writeSync(bytes.subarray(done));
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) wait(RETRY_MS); // a pipe set not to block
      else if (isSystemError(error)) return systemReason(error);
      else throw error;
    }
  }
  return undefined;
}

/** Prints `warning: SENTENCE` to standard error, if that can still be written to. */
export function warn(sentence: string): void {
  tryWrite(Deno.stderr, `warning: ${sentence}\n`);
}

function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
