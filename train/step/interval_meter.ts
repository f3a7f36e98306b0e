/**
 * Wall time and tokens of the steps between two log lines.
 *
 * @module
 */

/** What a log line is computed from. */
export interface Interval {
  /** Steps that were timed. */
  readonly steps: number;
  /** Their target tokens on this rank. */
  readonly tokens: number;
  /** Their wall time. */
  readonly elapsedMs: number;
}

/** Meter of the steps since the last log line. Pauses and profiled steps are left out. */
export class IntervalMeter {
  #startMs = performance.now();
  #steps = 0;
  #tokens = 0;
  #profiled: Interval = { steps: 0, tokens: 0, elapsedMs: 0 };

  /** Begins the next interval. */
  restart(): void {
    this.#startMs = performance.now();
    this.#steps = this.#tokens = 0;
    this.#profiled = { steps: 0, tokens: 0, elapsedMs: 0 };
  }

  /** Leaves out the time since `sinceMs`. */
  resume(sinceMs: number): void {
    this.#startMs += performance.now() - sinceMs;
  }

  /**
   * Counts a step.
   *
   * @param tokens its target tokens
   * @param profiledMs its wall time if it was profiled, and so took longer than others
   */
  add(tokens: number, profiledMs?: number): void {
    if (profiledMs === undefined) {
      this.#steps++;
      this.#tokens += tokens;
      return;
    }
    const before = this.#profiled;
    this.#profiled = {
      steps: before.steps + 1,
      tokens: before.tokens + tokens,
      elapsedMs: before.elapsedMs + profiledMs,
    };
  }

  /** The interval until now: that of profiled steps if there are no others. */
  read(): Interval {
    if (this.#steps === 0) return this.#profiled;
    const elapsedMs = performance.now() - this.#startMs - this.#profiled.elapsedMs;
    return { steps: this.#steps, tokens: this.#tokens, elapsedMs };
  }
}
