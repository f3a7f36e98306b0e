/**
 * An append-only file of whole lines. Each line is in the file before `write` returns. A full disk
 * loses lines, not the program: one warning goes to standard error, and writing resumes when there
 * is space.
 *
 * @module
 */
import { isSystemError, systemReason } from "../files/system_reason.ts";
import { writeAllSync } from "../files/write_all.ts";
import { warn } from "./standard_streams.ts";

/** How a log file is opened. */
export interface LogFileOptions {
  /** Appends to the file (the default), or truncates it. */
  readonly mode?: "append" | "truncate";
}

/** A file of lines, opened at the first write. */
export class LineFile implements Disposable {
  readonly #path: string;
  readonly #options: LogFileOptions;
  #file: Deno.FsFile | undefined;
  #bytes = 0;
  #wasOpened = false;
  #isLosing = false;

  /** Does not open the file yet. */
  constructor(path: string, options: LogFileOptions = {}) {
    this.#path = path;
    this.#options = options;
  }

  /** Appends text that ends with a line break: all of it, or nothing if the file system refuses. */
  write(lines: string): void {
    try {
      this.#file ??= this.#open();
      writeAllSync(this.#file, lines);
      this.#bytes = this.#file.statSync().size;
      this.#isLosing = false;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#removeUnfinished();
      if (this.#isLosing) return;
      this.#isLosing = true;
      warn(
        `Cannot write to "${this.#path}": ${
          systemReason(error)
        }; lines are missing there until it can be written to`,
      );
    }
  }

  /** Closes the file; a later line reopens it and appends. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** As {@link LineFile.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Opens the file and terminates an incomplete last line. */
  #open(): Deno.FsFile {
    // A log reopened after close always appends.
    if (this.#options.mode === "truncate" && !this.#wasOpened) {
      Deno.openSync(this.#path, { write: true, create: true, truncate: true }).close();
    }
    this.#wasOpened = true;
    const file = Deno.openSync(this.#path, { read: true, append: true, create: true });
    const { size } = file.statSync();
    this.#bytes = size;
    if (size > 0) {
      file.seekSync(-1, Deno.SeekMode.End);
      const last = new Uint8Array(1);
      file.readSync(last);
      if (last[0] !== 0x0a) writeAllSync(file, "\n");
    }
    return file;
  }

  #removeUnfinished(): void {
    try {
      this.#file?.truncateSync(this.#bytes);
    } catch {
      // The next opening ends the line.
    }
    try {
      this.close();
    } catch {
      this.#file = undefined;
    }
  }
}
