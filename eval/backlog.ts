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
  constructor({ first, largest }: { readonly first: number; readonly largest: number }) {
    this.#limit = Math.min(first, largest);
    this.#largest = largest;
  }

  /** Counts a submission; waits if too many are in flight. */
  async add(wait: () => Promise<unknown>): Promise<void> {
    if (++this.#count >= this.#limit) await this.drain(wait);
  }

  /** Waits until all submitted work is done; the time taken sets the next limit. */
  async drain<T>(wait: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const result = await wait();
    const elapsedMs = Math.max(performance.now() - startMs, 1);
    if (this.#count > 0) {
      const limit = Math.ceil(this.#count * MAX_WAIT_MS / elapsedMs);
      this.#limit = Math.min(limit, 2 * this.#limit, this.#largest);
    }
    this.#count = 0;
    return result;
  }
}
