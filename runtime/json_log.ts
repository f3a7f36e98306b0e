/**
 * A log of JSON objects, one a line, each in the file before `write` returns. A line that a killed
 * run left unfinished is closed when the file is opened again, so it spoils no other line.
 *
 * @module
 */
import { writeNow } from "./progress.ts";

/** How a log file is opened. */
export interface LogFileOptions {
  /** Keeps what the file holds (the default), or empties it. */
  readonly mode?: "append" | "truncate";
}

/**
 * Opens a file for whole lines: where it ends in the middle of one, the line is ended.
 *
 * @param path Created when missing; its directory must exist
 */
export function openLineFile(path: string, options: LogFileOptions = {}): Deno.FsFile {
  if (options.mode === "truncate") {
    return Deno.openSync(path, { write: true, create: true, truncate: true });
  }
  const file = Deno.openSync(path, { read: true, append: true, create: true });
  if (file.statSync().size > 0) {
    file.seekSync(-1, Deno.SeekMode.End);
    const last = new Uint8Array(1);
    file.readSync(last);
    if (last[0] !== 0x0a) writeNow(file, "\n");
  }
  return file;
}

/**
 * Replacer for `JSON.stringify`: JSON has no NaN or infinities; their names keep a diverged run
 * visible where null would not. `Number(name)` gives the value back.
 */
export function namedNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Settings of a {@link JsonLog}. */
export interface JsonLogOptions extends LogFileOptions {
  /** Put before each object, as in `DLLL {...}`; empty by default. */
  readonly prefix?: string;
}

/**
 * A JSON-lines file, opened at the first record.
 *
 * @example
 * ```ts
 * import { JsonLog } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/log.jsonl`;
 * using log = new JsonLog(path);
 * log.write({ step: 1, lossNats: 10.5 });
 * log.write({ step: 2, lossNats: NaN });
 * assertEquals(
 *   await Deno.readTextFile(path),
 *   '{"step":1,"lossNats":10.5}\n{"step":2,"lossNats":"NaN"}\n',
 * );
 * ```
 */
export class JsonLog implements Disposable {
  /** The file's path. */
  readonly path: string;
  readonly #options: JsonLogOptions;
  #file: Deno.FsFile | undefined;
  #opened = false;

  /** Touches no file yet. */
  constructor(path: string, options: JsonLogOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  /** Appends one object as one line. NaN and infinities are written as strings. */
  write(record: object): void {
    // A log opened again after close continues, whatever its first opening did.
    this.#file ??= openLineFile(this.path, this.#opened ? {} : this.#options);
    this.#opened = true;
    writeNow(
      this.#file,
      `${this.#options.prefix ?? ""}${JSON.stringify(record, namedNonFinite)}\n`,
    );
  }

  /** Closes the file; a later record opens it again. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** As {@link JsonLog.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
