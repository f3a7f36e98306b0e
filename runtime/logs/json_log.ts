/**
 * A log of JSON objects, one per line. Each line is in the file before `write` returns. An
 * incomplete line of a killed run is terminated when the file is opened again, so it does not
 * affect other lines.
 *
 * @module
 */
import { namedNonFinite } from "../base/named_non_finite.ts";
import type { LogFileOptions } from "./append_file.ts";
import { LineFile } from "./line_file.ts";

/**
 * A JSON-lines file, opened at the first record.
 *
 * @example
 * ```ts
 * import { JsonLog } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/log.jsonl`;
 * using log = new JsonLog(path);
 * log.write({ step: 1, lossNats: 10.5 });
 * log.write({ step: 2, lossNats: NaN });
 * assertEquals(
 *   await Deno.readTextFile(path),
 *   '{"step":1,"lossNats":10.5}\n{"step":2,"lossNats":"NaN"}\n',
 * );
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class JsonLog implements Disposable {
  /** The file's path. */
  readonly path: string;
  readonly #file: LineFile;

  /** Does not open the file yet. */
  constructor(path: string, options: LogFileOptions = {}) {
    this.path = path;
    this.#file = new LineFile(path, options);
  }

  /** Appends one object as one line. NaN and infinities are written as strings. */
  write(record: object): void {
    this.#file.write(`${JSON.stringify(record, namedNonFinite)}\n`);
  }

  /** Closes the file; a later record reopens it. */
  close(): void {
    this.#file.close();
  }

  /** As {@link JsonLog.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
