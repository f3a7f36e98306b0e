/**
 * A progress line at the bottom of a terminal, overwritten in place. Nothing is written to files,
 * pipes or batch systems. Other output to the same terminal must call {@link ProgressLine.clear}
 * first, as `text_log.ts` does.
 *
 * @module
 */

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

/** No terminal: for programs that show no progress. */
export const NO_TERMINAL: Terminal = {
  isTerminal: () => false,
  columns: () => 0,
  write: () => {},
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

  /**
   * Replaces the shown text, cut to the width; at most ten times a second.
   *
   * @param text the text, or its parts, of which those that fit are shown
   */
  update(text: string | readonly ProgressPart[]): void {
    if (!this.#shows) return;
    const now = this.#now();
    if (now - this.#drawnAtMs < MIN_INTERVAL_MS) return;
    // One column stays free: a full line would wrap and could not be overwritten.
    const columns = this.#terminal.columns();
    const line = typeof text === "string" ? text : fittingLine(text, columns);
    const cut = [...line].slice(0, Math.max(0, columns - 1)).join("");
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

/** A part of a progress line. */
export interface ProgressPart {
  /** What it says. */
  readonly text: string;
  /** Rank among the parts; where a window is too narrow, those of the largest rank go first. */
  readonly rank: number;
}

/**
 * The parts that fit into a line, in order.
 *
 * @param columns width of the window; one column stays free
 *
 * @example
 * ```ts
 * import { fittingLine } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const parts = [{ text: "step 7", rank: 0 }, { text: "0.1%", rank: 2 }, { text: "loss 4.21", rank: 1 }];
 * assertEquals(fittingLine(parts, 80), "step 7 | 0.1% | loss 4.21");
 * assertEquals(fittingLine(parts, 20), "step 7 | loss 4.21");
 * ```
 */
export function fittingLine(parts: readonly ProgressPart[], columns: number): string {
  for (let kept = [...parts];;) {
    const line = kept.map(({ text }) => text).join(" | ");
    if (line.length < columns || kept.length <= 1) return line;
    const last = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== last);
  }
}
