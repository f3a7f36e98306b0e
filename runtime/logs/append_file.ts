/**
 * An append-only file of whole entries, lines or records. Each entry is in the file before `write`
 * returns. A full disk loses entries, not the program: one warning goes to standard error, and
 * writing resumes when there is space.
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

/** How the entries of a file are written. */
export interface AppendFileOptions extends LogFileOptions {
  /** Name of the entries in the warning. */
  readonly entries: "lines" | "records";
  /** Completes an unfinished last entry of a file that is opened; nothing by default. */
  readonly complete?: (file: Deno.FsFile, size: number) => void;
}

/** A file of entries, opened at the first write. */
export class AppendFile implements Disposable {
  readonly #path: string;
  readonly #options: AppendFileOptions;
  #file: Deno.FsFile | undefined;
  #bytes = 0;
  #wasOpened = false;
  #isLosing = false;

  /** Does not open the file yet. */
  constructor(path: string, options: AppendFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  /**
   * Appends an entry: all of it, or nothing if the file system refuses.
   *
   * @returns whether it was appended
   */
  write(entry: string | Uint8Array): boolean {
    try {
      this.#file ??= this.#open();
      writeAllSync(this.#file, entry);
      this.#bytes = this.#file.statSync().size;
      this.#isLosing = false;
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#removeUnfinished();
      if (this.#isLosing) return false;
      this.#isLosing = true;
      warn(
        `Cannot write to "${this.#path}": ${
          systemReason(error)
        }; ${this.#options.entries} are missing there until it can be written to`,
      );
      return false;
    }
  }

  /** Closes the file; a later entry reopens it and appends. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** As {@link AppendFile.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): Deno.FsFile {
    const { mode, complete } = this.#options;
    // A log reopened after close always appends.
    if (mode === "truncate" && !this.#wasOpened) {
      Deno.openSync(this.#path, { write: true, create: true, truncate: true }).close();
    }
    this.#wasOpened = true;
    const file = Deno.openSync(this.#path, { read: true, append: true, create: true });
    this.#bytes = file.statSync().size;
    complete?.(file, this.#bytes);
    return file;
  }

  #removeUnfinished(): void {
    try {
      this.#file?.truncateSync(this.#bytes);
    } catch {
      // The next opening completes the entry.
    }
    try {
      this.close();
    } catch {
      this.#file = undefined;
    }
  }
}
