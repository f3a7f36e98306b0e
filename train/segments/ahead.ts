/**
 * Data that is made ready before it is needed: while one step runs, that of the next one is taken
 * from its source and prepared. The time that steps wait for it is measured.
 *
 *     device   step 1           | step 2           | step 3
 *     host     prepare 2        | prepare 3        | ...
 *
 * @module
 */

/** Milliseconds that the data of the steps of a run took, without its first step. */
export interface DataTimes {
  /** Steps. */
  readonly steps: number;
  /** Time that they waited for their data, in total. */
  readonly waitMs: number;
  /** The longest wait. */
  readonly longestWaitMs: number;
  /** Time from the beginning of the preparation of a step's data to its end, in total. */
  readonly readyMs: number;
}

/** A value that was made ready, and how long that took. */
interface Timed<Ready> {
  readonly ready: Ready | undefined;
  readonly readyMs: number;
}

/** Prepared data, one item ahead. */
export class Ahead<Item, Ready> {
  readonly #take: () => Item | undefined | Promise<Item | undefined>;
  readonly #prepare: (item: Item) => Ready;
  readonly #nowMs: () => number;
  #coming: Timed<Ready> | Promise<Timed<Ready>> | undefined;
  /** Of all steps but the first, for which nothing runs meanwhile. */
  #times: DataTimes = { steps: 0, waitMs: 0, longestWaitMs: 0, readyMs: 0 };
  #isFirst = true;

  /**
   * @param take takes the next item, at once if possible; undefined after the last one
   * @param prepare depends on its item alone
   * @param nowMs clock
   */
  constructor(
    take: () => Item | undefined | Promise<Item | undefined>,
    prepare: (item: Item) => Ready,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#take = take;
    this.#prepare = prepare;
    this.#nowMs = nowMs;
  }

  /** Times until now. */
  get times(): DataTimes {
    return this.#times;
  }

  /**
   * Makes the next item ready, unless that was begun: before this returns if it can be taken at once.
   * What goes wrong is thrown by {@link next}.
   */
  begin(): void {
    if (this.#coming !== undefined) return;
    const startMs = this.#nowMs();
    const finish = (item: Item | undefined) => ({
      ready: item === undefined ? undefined : this.#prepare(item),
      readyMs: this.#nowMs() - startMs,
    });
    try {
      const taken = this.#take();
      this.#coming = taken instanceof Promise ? taken.then(finish) : finish(taken);
    } catch (error) {
      this.#coming = Promise.reject(error);
    }
    if (this.#coming instanceof Promise) this.#coming.catch(() => {});
  }

  /**
   * The next item; undefined after the last one.
   *
   * @throws what taking or preparing it threw
   */
  async next(): Promise<Ready | undefined> {
    const startMs = this.#nowMs();
    this.begin();
    const coming = this.#coming!;
    const { ready, readyMs } = coming instanceof Promise ? await coming : coming;
    this.#coming = undefined;
    if (!this.#isFirst && ready !== undefined) this.#add(this.#nowMs() - startMs, readyMs);
    this.#isFirst = false;
    return ready;
  }

  #add(waitMs: number, readyMs: number): void {
    const { steps, ...sums } = this.#times;
    this.#times = {
      steps: steps + 1,
      waitMs: sums.waitMs + waitMs,
      longestWaitMs: Math.max(sums.longestWaitMs, waitMs),
      readyMs: sums.readyMs + readyMs,
    };
  }
}
