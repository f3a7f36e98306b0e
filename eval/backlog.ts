/**
 * A limit on submitted but unfinished work, so that signals take effect soon. Submitting takes the
 * host microseconds; without a limit, minutes of work may be queued.
 *
 * @module
 */

/** Maximum duration of queued work. */
const MAX_WAIT_MS = 300;

/** Counter of submissions that waits for the device at intervals. */
export class Backlog {
  readonly #largest: number;
  #limit: number;
  #count = 0;

  /**
   * @param options.first submissions before the first wait, when their time is not known yet
   * @param options.largest most submissions between waits
   */
  constructor(options: { readonly first: number; readonly largest: number }) {
    this.#limit = options.first;
    this.#largest = options.largest;
  }

  /** Counts a submission; waits if too many are in flight. */
  async add(wait: () => Promise<unknown>): Promise<void> {
    if (++this.#count < this.#limit) return;
    const startMs = performance.now();
    await wait();
    this.waited(performance.now() - startMs);
  }

  /** Records that all submitted work is done, and the time waited. */
  waited(elapsedMs: number): void {
    const limit = Math.ceil(this.#count * MAX_WAIT_MS / Math.max(elapsedMs, 1));
    this.#limit = Math.min(Math.max(1, limit), 2 * this.#limit, this.#largest);
    this.#count = 0;
  }
}
