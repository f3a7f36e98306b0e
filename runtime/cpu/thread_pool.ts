/**
 * Threads that compute the items of launches together with the caller.
 *
 * @module
 */
import { SCRATCH_BYTES } from "../wasm/vector_code.ts";
import { CONTROL_BYTES, ItemClaims, type ThreadStart, WORDS } from "./items.ts";
import type { SharedMemory } from "./shared_memory.ts";

/** A started thread. */
export interface Thread {
  /** Ends it; it has been told to end by itself. */
  terminate(): unknown;
}

/** How many threads there are, and where they come from. */
export interface Threads {
  /** Threads that compute, the caller among them. */
  readonly count: number;
  /** Starts a thread that runs `serve`. */
  readonly start: (given: ThreadStart) => Thread;
}

/** The caller alone. */
export const ONE_THREAD: Threads = {
  count: 1,
  start: () => {
    throw new TypeError("Cannot start a thread: one thread was requested");
  },
};

/** Looks at the number of computed items before the caller sleeps. */
const LOOKS = 4000;

/**
 * The caller and its threads. They are started by {@link open} and take part as soon as they run; until
 * then, and when they are busy otherwise, the caller computes alone. Results do not depend on it.
 */
export class ThreadPool implements Disposable {
  readonly #memory: SharedMemory;
  readonly #threads: Threads;
  readonly #control: number;
  readonly #claims: ItemClaims;
  #started: Thread[] = [];

  /** The caller alone, so far. */
  constructor(memory: SharedMemory, threads: Threads) {
    this.#memory = memory;
    this.#threads = threads;
    this.#control = memory.allocate(CONTROL_BYTES)!;
    this.#claims = new ItemClaims(this.#given());
  }

  #given(): ThreadStart {
    const { memory } = this.#memory;
    const scratch = this.#memory.allocate(SCRATCH_BYTES);
    if (scratch === undefined) throw new RangeError("Cannot start a thread: memory is exhausted");
    return { memory, control: this.#control, scratch };
  }

  /** Starts threads until so many compute, or all there may be. */
  open(count: number): void {
    const wanted = Math.min(count, this.#threads.count) - 1;
    while (this.#started.length < wanted) this.#started.push(this.#threads.start(this.#given()));
  }

  /** Threads that compute, the caller among them. */
  get count(): number {
    return 1 + this.#started.length;
  }

  /**
   * Computes all items of a launch.
   *
   * @param module address of the module
   * @param launch address of the arguments
   * @throws {Error} when an item fails, which is a fault of its code
   */
  run(module: number, launch: number, items: number): void {
    if (items <= 1 || this.#started.length === 0) return this.#claims.alone(module, launch, items);
    const { words } = this.#claims;
    words[WORDS.module] = module;
    words[WORDS.arguments] = launch;
    words[WORDS.items] = items;
    words[WORDS.done] = 0;
    Atomics.store(words, WORDS.unclaimed, items);
    Atomics.add(words, WORDS.signal, 1);
    Atomics.notify(words, WORDS.signal);
    this.#claims.work();
    let done = Atomics.load(words, WORDS.done);
    for (let looks = 0; done < items; looks++, done = Atomics.load(words, WORDS.done)) {
      if (looks >= LOOKS) Atomics.wait(words, WORDS.done, done);
    }
    if (words[WORDS.failed] === 0) return;
    throw new Error("Cannot run: an item of a launch failed", { cause: this.#claims.fault });
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    const { words } = this.#claims;
    Atomics.store(words, WORDS.quit, 1);
    Atomics.add(words, WORDS.signal, 1);
    Atomics.notify(words, WORDS.signal);
    for (const thread of this.#started) thread.terminate();
    this.#started = [];
  }
}
