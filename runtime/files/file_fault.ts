/**
 * Problems of untrusted files: readers throw them without the file name, which their entry adds.
 *
 * @module
 */
import { CheckpointError } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";

/** A problem of a file, in words that follow its name and a colon. */
export class FileFault extends Error {}

/** The error that a caller of a reader gets: faults name the source, programming errors pass. */
export function readFault(name: string, error: unknown): unknown {
  const action = `Cannot read checkpoint ${quoted(name)}`;
  if (error instanceof FileFault) {
    return new CheckpointError(`${action}: ${error.message}`, { cause: error.cause });
  }
  if (error instanceof Error && "code" in error) {
    return new CheckpointError(`${action}: ${error.message}`, { cause: error });
  }
  return error;
}
