/**
 * The text log: plain messages on the console, and the same messages with time and level in a file,
 * `YYYY-mm-dd HH:MM:SS - INFO - message`. With a rank, both have it before the message.
 *
 * @module
 */
import { twoDigits } from "../base/format.ts";
import type { LogFileOptions } from "./append_file.ts";
import { LineFile } from "./line_file.ts";
import { tryWrite, warn } from "./standard_streams.ts";
import type { ProgressLine } from "./progress_line.ts";

/** Importance of a line. */
export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/**
 * How much goes to the console: warnings, errors and results; that and messages; or details too,
 * which the file has only then.
 */
export type Verbosity = "quiet" | "normal" | "verbose";

/** Where a {@link TextLog} writes. */
export interface TextLogOptions extends LogFileOptions {
  /** Log file, opened at the first line; no file by default. */
  readonly path?: string;
  /** Rank put before every message; none by default. */
  readonly rank?: number;
  /** Writes console text, or `false` for no console; standard output by default. */
  readonly console?: false | ((text: string) => void);
  /** Progress line of the same terminal, cleared before each message. */
  readonly progress?: ProgressLine;
  /** How much goes to the console ("normal" by default). */
  readonly verbosity?: Verbosity | undefined;
  /** Leaves out the warning about a closed console: for programs that are read with `| head`. */
  readonly mayLoseConsole?: boolean;
  /** Clock; file lines carry local time. */
  readonly now?: () => Date;
}

/** `2020-02-29 23:59:01`, local time. */
function timestamp(date: Date): string {
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ` +
    `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`;
}

/**
 * Console and file in one.
 *
 * @example
 * ```ts
 * import { TextLog } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * let screen = "";
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/train_log.log`;
 * using log = new TextLog({
 *   path,
 *   rank: 1,
 *   console: (text) => void (screen += text),
 *   now: () => new Date(2020, 1, 29, 23, 59, 1),
 * });
 * log.write("world size: 2");
 * assertEquals(screen, "1: world size: 2\n");
 * assertEquals(
 *   await Deno.readTextFile(path),
 *   "2020-02-29 23:59:01 - INFO - 1 - world size: 2\n",
 * );
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class TextLog implements Disposable {
  readonly #options: TextLogOptions;
  readonly #file: LineFile | undefined;
  #lostConsole = false;

  /** Does not open the file yet. */
  constructor(options: TextLogOptions = {}) {
    this.#options = options;
    if (options.path !== undefined) this.#file = new LineFile(options.path, options);
  }

  /** Logs a message, in the file before this returns. */
  write(message: string, level: LogLevel = "INFO"): void {
    const { verbosity } = this.#options;
    this.#write(message, level, verbosity !== "quiet" || level === "WARNING" || level === "ERROR");
  }

  /** Logs a final result, which a quiet program prints too. */
  result(message: string): void {
    this.#write(message, "INFO", true);
  }

  /** Prints a message that was logged before, if the program is quiet: it is the final result. */
  recall(message: string): void {
    if (this.#options.verbosity === "quiet") this.#print(message);
  }

  /** Logs a detail, if the program is verbose. */
  detail(message: string): void {
    if (this.#options.verbosity === "verbose") this.#write(message, "DEBUG", true);
  }

  #write(message: string, level: LogLevel, isShown: boolean): void {
    const { rank, now } = this.#options;
    if (isShown) this.#print(message);
    if (this.#file !== undefined) {
      const time = timestamp(now?.() ?? new Date());
      const prefix = rank === undefined ? "" : `${rank} - `;
      this.#file.write(`${time} - ${level} - ${prefix}${message}\n`);
    }
  }

  /** Closes the file; a later message reopens it. */
  close(): void {
    this.#file?.close();
  }

  /** As {@link TextLog.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #print(message: string): void {
    const { rank, console, progress } = this.#options;
    if (console === false) return;
    progress?.clear();
    const line = `${rank === undefined ? "" : `${rank}: `}${message}\n`;
    if (console === undefined) this.#printToTerminal(line);
    else console(line);
  }

  /** Prints; a closed console is reported once, if the lines go to a file as well. */
  #printToTerminal(line: string): void {
    const reason = tryWrite(Deno.stdout, line);
    if (reason === undefined || this.#lostConsole) return;
    this.#lostConsole = true;
    const { path, mayLoseConsole = false } = this.#options;
    if (path !== undefined && !mayLoseConsole) {
      warn(
        `Cannot write to standard output: ${reason}; the program continues, its lines are in "${path}"`,
      );
    }
  }
}
