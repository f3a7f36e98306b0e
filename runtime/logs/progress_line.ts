/**
 * A progress line at the bottom of a terminal, overwritten in place. Nothing is written to files,
 * pipes or batch systems. Other output to the same terminal must call {@link ProgressLine.clear}
 * first, as `text_log.ts` does.
 *
 * @module
 */

import { formatClock } from "../base/format.ts";
import { tryWrite } from "./standard_streams.ts";

/** The terminal a {@link ProgressLine} draws on. */
export interface Terminal {
  /** False without a terminal. */
  isTerminal(): boolean;
  /** Width in characters. */
  columns(): number;
  /** Writes text now. */
  write(text: string): void;
}

const standardOutput: Terminal = {
  isTerminal: () => Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb",
  columns: () => Deno.consoleSize().columns,
  write: (text) => void tryWrite(Deno.stdout, text),
};

/** More frequent updates are invisible and slow down remote terminals. */
const MIN_INTERVAL_MS = 100;

/**
 * A progress line.
 *
 * @example
 * ```ts
 * import { ProgressLine } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * let screen = "";
 * const terminal = {
 *   isTerminal: () => true,
 *   columns: () => 12,
 *   write: (text: string) => void (screen += text),
 * };
 * const progress = new ProgressLine(terminal);
 * progress.update("step 7 of 40000");
 * progress.clear();
 * assertEquals(screen, "\rstep 7 of 4\x1b[K\r\x1b[K");
 * ```
 */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #shows: boolean;
  readonly #now: () => number;
  #drawn = false;
  #drawnAtMs = -Infinity;

  /**
   * Draws nothing yet.
   *
   * @param terminal Standard output by default
   * @param now Clock in milliseconds
   */
  constructor(terminal: Terminal = standardOutput, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#shows = terminal.isTerminal();
    this.#now = now;
  }

  /** True if updates are shown; otherwise callers can skip formatting. */
  get shows(): boolean {
    return this.#shows;
  }

  /** Replaces the shown text, cut to the width; at most ten times a second. */
  update(text: string): void {
    if (!this.#shows) return;
    const now = this.#now();
    if (now - this.#drawnAtMs < MIN_INTERVAL_MS) return;
    // One column stays free: a full line would wrap and could not be overwritten.
    const cut = [...text].slice(0, Math.max(0, this.#terminal.columns() - 1)).join("");
    this.#terminal.write(`\r${cut}\x1b[K`);
    this.#drawn = true;
    this.#drawnAtMs = now;
  }

  /** Removes the line; the next update is drawn at once. */
  clear(): void {
    if (!this.#drawn) return;
    this.#terminal.write("\r\x1b[K");
    this.#drawn = false;
    this.#drawnAtMs = -Infinity;
  }

  /** As {@link ProgressLine.clear}. */
  [Symbol.dispose](): void {
    this.clear();
  }
}

/**
 * `120 / 40000 | 0.3% | 1:02:03 left`, the time by the mean pace so far.
 *
 * @param done Items finished, of `total`
 * @param elapsedMs Time the finished items took
 */
export function progressText(done: number, total: number, elapsedMs: number): string {
  const parts = [`${done} / ${total}`, `${(100 * done / total).toFixed(1)}%`];
  if (done > 0) {
    parts.push(`${formatClock(elapsedMs / done * (total - done))} left`);
  }
  return parts.join(" | ");
}
