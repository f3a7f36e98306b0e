/**
 * Items of a launch, which threads claim one by one from words they share.
 *
 * @module
 */

/** Words of the control block. */
export const WORDS = {
  /** Unclaimed items. */
  unclaimed: 0,
  /** Computed items. */
  done: 1,
  /** Items of the launch. */
  items: 2,
  /** Address of the module: its length, then its bytes. */
  module: 3,
  /** Address of the arguments. */
  arguments: 4,
  /** Changes with every launch, and when threads shall end. */
  signal: 5,
  /** 1 when threads shall end. */
  quit: 6,
  /** 1 when an item failed. */
  failed: 7,
} as const;

/** Bytes of the control block. */
export const CONTROL_BYTES = 4 * Object.keys(WORDS).length;

/** Computes items `from` to `to` (exclusive) of a launch. */
export type RunItems = (launch: number, from: number, to: number, scratch: number) => void;

/** What a thread needs to take part. */
export interface ThreadStart {
  /** Memory of all threads. */
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  /** Address of its own memory. */
  readonly scratch: number;
}

/** A thread's side: compiled modules and the claiming of items. */
export class ItemClaims {
  /** The control block. */
  readonly words: Int32Array;
  /** What the last failed item of this thread threw. */
  fault: unknown;
  readonly #memory: WebAssembly.Memory;
  readonly #scratch: number;
  readonly #compiled = new Map<number, RunItems>();

  /** Called once by every thread. */
  constructor({ memory, control, scratch }: ThreadStart) {
    this.words = new Int32Array(memory.buffer, control, CONTROL_BYTES / 4);
    this.#memory = memory;
    this.#scratch = scratch;
  }

  /** Computes items until all are claimed; words are only read once a claim has succeeded. */
  work(): void {
    const { words } = this;
    for (;;) {
      const left = Atomics.load(words, WORDS.unclaimed);
      if (left === 0) return;
      if (Atomics.compareExchange(words, WORDS.unclaimed, left, left - 1) !== left) continue;
      try {
        const run = this.compiled(words[WORDS.module]!);
        run(words[WORDS.arguments]!, left - 1, left, this.#scratch);
      } catch (error) {
        this.fault = error;
        Atomics.store(words, WORDS.failed, 1);
      }
      const done = Atomics.add(words, WORDS.done, 1) + 1;
      if (done === words[WORDS.items]) Atomics.notify(words, WORDS.done);
    }
  }

  /** Computes all items of a launch, alone. */
  alone(module: number, launch: number, items: number): void {
    this.compiled(module)(launch, 0, items, this.#scratch);
  }

  /** The function of the module at an address. */
  compiled(module: number): RunItems {
    let run = this.#compiled.get(module);
    if (run === undefined) {
      this.#memory.grow(0); // other threads may have grown it: its buffer becomes the present one
      const { buffer } = this.#memory;
      const [length] = new Uint32Array(buffer, module, 1);
      const bytes = new Uint8Array(buffer, module + 4, length).slice();
      const env = { memory: this.#memory };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
      run = exports["run"] as RunItems;
      this.#compiled.set(module, run);
    }
    return run;
  }
}

/** How often a thread looks for items before it sleeps: some microseconds. */
const LOOKS = 4000;

/** The life of a thread: computes items of every launch until it shall end. */
export function serve(claims: ItemClaims): void {
  const { words } = claims;
  while (Atomics.load(words, WORDS.quit) === 0) {
    const signal = Atomics.load(words, WORDS.signal);
    claims.work();
    let looks = 0;
    while (looks < LOOKS && Atomics.load(words, WORDS.signal) === signal) looks++;
    if (looks === LOOKS) Atomics.wait(words, WORDS.signal, signal);
  }
}
