/**
 * Timing: a sample is a series of runs of `sampleMs`, ended by a fence, which blocks where the
 * device can and is awaited elsewhere. Variants alternate, so that other load affects all of them
 * equally.
 *
 * @module
 */
import type { GpuDevice } from "@transformer-xl/runtime";

/** Something that can be timed. */
export interface Variant {
  /** Name of the row. */
  readonly name: string;
  /** Runs `runs` times and returns the milliseconds that count, all runs together. */
  sample(runs: number): number | Promise<number>;
}

/** Times of one run, over samples. */
export interface Timing {
  /** Name of the variant. */
  readonly name: string;
  /** Median over samples, milliseconds per run. */
  readonly medianMs: number;
  /** Shortest, milliseconds per run. */
  readonly minMs: number;
  /** Longest, milliseconds per run. */
  readonly maxMs: number;
  /** Samples taken. */
  readonly samples: number;
  /** Runs in each sample. */
  readonly runs: number;
}

/** How much to measure. */
export interface TimingOptions {
  /** A sample lasts at least this long; hides the cost of a fence. */
  readonly sampleMs?: number;
  /** Samples per variant. */
  readonly rounds?: number;
  /** No further round begins after this long, except for the second. */
  readonly budgetMs?: number;
}

const MAX_RUNS = 100_000;
const MIN_ROUNDS = 2;

/**
 * Warms every variant up, finds out how many runs make a sample, and measures in turns.
 *
 * @example
 * ```ts
 * import { interleave } from "@transformer-xl/bench";
 * import { assertEquals } from "@std/assert";
 *
 * const [fast, slow] = await interleave([
 *   { name: "fast", sample: (runs) => 1 * runs },
 *   { name: "slow", sample: (runs) => 3 * runs },
 * ], { sampleMs: 30, rounds: 3 });
 * assertEquals([fast!.medianMs, fast!.runs, fast!.samples], [1, 30, 3]);
 * assertEquals([slow!.medianMs, slow!.runs], [3, 10]);
 * ```
 */
export async function interleave(
  variants: readonly Variant[],
  { sampleMs = 200, rounds = 5, budgetMs = 1500 }: TimingOptions = {},
): Promise<Timing[]> {
  const startMs = performance.now();
  for (const variant of variants) await variant.sample(1);
  const taken: { variant: Variant; runs: number; perRunMs: number[] }[] = [];
  for (const variant of variants) {
    const onceMs = await variant.sample(1);
    const runs = Math.min(MAX_RUNS, Math.max(1, Math.ceil(sampleMs / onceMs)));
    taken.push({ variant, runs, perRunMs: runs === 1 ? [onceMs] : [] });
  }
  for (let round = 0; round < rounds; round++) {
    const late = performance.now() - startMs > budgetMs;
    if (late && taken.every(({ perRunMs }) => perRunMs.length >= MIN_ROUNDS)) break;
    const turn = round % 2 === 0 ? taken : taken.toReversed();
    for (const { variant, runs, perRunMs } of turn) {
      perRunMs.push(await variant.sample(runs) / runs);
    }
  }
  return taken.map(({ variant: { name }, runs, perRunMs }) => {
    const sorted = perRunMs.toSorted((a, b) => a - b);
    return {
      name,
      medianMs: median(sorted),
      minMs: sorted[0]!,
      maxMs: sorted.at(-1)!,
      samples: sorted.length,
      runs,
    };
  });
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Submits one run; a promise where it has to wait for the device. */
export type Run = () => void | Promise<void>;

/** A variant timed from the first call to the end of the device's work. */
export function untilDone(device: GpuDevice, name: string, run: Run): Variant {
  return {
    name,
    async sample(runs) {
      const startMs = performance.now();
      for (let i = 0; i < runs; i++) {
        const waiting = run();
        if (waiting !== undefined) await waiting;
      }
      await device.fence();
      return performance.now() - startMs;
    },
  };
}

/**
 * A variant timed on the host alone: what `run` does up to `submit`. A software driver executes
 * inside `submit`, so submissions are timed apart and subtracted.
 */
export function untilSubmit(device: GpuDevice, name: string, run: () => void): Variant {
  const { queue } = device.gpu;
  return {
    name,
    async sample(runs) {
      let elapsedMs = 0;
      const submit = queue.submit;
      queue.submit = (commands) => {
        const startMs = performance.now();
        submit.call(queue, commands);
        elapsedMs -= performance.now() - startMs;
      };
      try {
        for (let i = 0; i < runs; i++) {
          const startMs = performance.now();
          run();
          elapsedMs += performance.now() - startMs;
          await device.fence();
        }
      } finally {
        Reflect.deleteProperty(queue, "submit");
      }
      return elapsedMs;
    },
  };
}
