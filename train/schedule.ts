/**
 * Learning rates. The rate set after step s is the one the log line of step s shows and step s + 1
 * uses. Step 1 runs at the rate the optimizer was made with: the full base rate, whatever the
 * warm-up, as in the reference (`inv_sqrt` starts at its own zero). If the first step is warmed up,
 * it runs at the rate that is set after it, in every schedule; the other steps are the same.
 *
 * `constant` and `dev_perf` set no rate after the warm-up, as in the reference: they keep its last
 * one, `lr * (warmup - 1) / warmup`.
 *
 * @module
 */

/** Names of the schedules. */
export const SCHEDULES = ["cosine", "inv_sqrt", "dev_perf", "constant"] as const;

/** Settings of a learning-rate schedule. */
export interface ScheduleSettings {
  /** Shape of the schedule. */
  readonly scheduler: (typeof SCHEDULES)[number];
  /** Base rate. */
  readonly lr: number;
  /** Steps of linear warm-up. */
  readonly warmupStep: number;
  /** Length of the schedule in steps. */
  readonly steps: number;
  /** Floor of the cosine. */
  readonly etaMin: number;
  /** The 2019 arithmetic: the cosine counts from step 0, not from the end of the warm-up. */
  readonly cosineFromZero?: boolean;
  /** Warm up step 1 too; otherwise it runs at the base rate, or at 0 with `inv_sqrt`. */
  readonly warmsFirstStep?: boolean;
}

/**
 * The rate set after `step` steps.
 *
 * @param currentRate rate before it is set, which `dev_perf` keeps after the warm-up
 * @example
 * ```ts
 * import { rateAfter } from "@transformer-xl/train";
 * import { assertEquals } from "@std/assert";
 *
 * const base = { scheduler: "cosine", lr: 0.01, warmupStep: 1000, steps: 40_000, etaMin: 0.001 } as const;
 * assertEquals(rateAfter(base, 500), 0.005);
 * assertEquals(rateAfter(base, 40_000), 0.001);
 * ```
 */
export function rateAfter(settings: ScheduleSettings, step: number, currentRate?: number): number {
  const { scheduler, lr, warmupStep: warmup, steps, etaMin } = settings;
  if (scheduler === "inv_sqrt") return lr * inverseSquareRoot(step, warmup);
  if (step < warmup) return lr * step / warmup;
  const warmedUp = warmup > 1 ? lr * (warmup - 1) / warmup : lr;
  if (scheduler === "constant") return warmedUp;
  if (scheduler === "dev_perf") return currentRate ?? warmedUp;
  if (steps === warmup && !settings.cosineFromZero) return lr; // the schedule has no steps
  const phase = settings.cosineFromZero ? step / steps : (step - warmup) / (steps - warmup);
  return etaMin + (lr - etaMin) * (1 + Math.cos(Math.PI * phase)) / 2;
}

/**
 * The rate that step `step` (from 1) uses.
 *
 * @param currentRate rate that `dev_perf` has reached: a validation during the warm-up may have
 * lowered the rate of the next step
 */
export function rateOf(settings: ScheduleSettings, step: number, currentRate?: number): number {
  const { scheduler, lr, warmupStep, warmsFirstStep = false } = settings;
  if (scheduler === "dev_perf" && currentRate !== undefined) return currentRate;
  if (step > 1) return rateAfter(settings, step - 1, currentRate);
  if (warmsFirstStep && warmupStep > 0) return rateAfter(settings, 1);
  return scheduler === "inv_sqrt" ? lr * inverseSquareRoot(0, warmupStep) : lr;
}

function inverseSquareRoot(step: number, warmup: number): number {
  if (step === 0 && warmup === 0) return 1;
  return step > warmup ? 1 / Math.sqrt(step) : step / warmup ** 1.5;
}

/** State of a {@link Plateau}. */
export interface PlateauState {
  /** Current rate. */
  readonly rate: number;
  /** Smallest validation loss so far; null before the first. */
  readonly best: number | null;
  /** Evaluations without improvement. */
  readonly waited: number;
}

/** `dev_perf`: the rate falls when the validation loss stops improving. */
export class Plateau {
  readonly #settings: {
    readonly decayRate: number;
    readonly patience: number;
    readonly lrMin: number;
  };
  #state: PlateauState;

  constructor(
    settings: { readonly decayRate: number; readonly patience: number; readonly lrMin: number },
    state: PlateauState,
  ) {
    this.#settings = settings;
    this.#state = state;
  }

  /** Current rate and what it depends on; a checkpoint stores it. */
  get state(): PlateauState {
    return this.#state;
  }

  /** Takes the rate that the warm-up has set. */
  follow(rate: number): void {
    this.#state = { ...this.#state, rate };
  }

  /** Takes a validation loss into account: better means smaller by one part in 10,000. */
  observe(loss: number): void {
    const { decayRate, patience, lrMin } = this.#settings;
    const { rate, best, waited } = this.#state;
    if (best === null || loss < best * (1 - 1e-4)) {
      this.#state = { rate, best: loss, waited: 0 };
    } else if (waited < patience) {
      this.#state = { rate, best, waited: waited + 1 };
    } else {
      const lower = Math.max(rate * decayRate, lrMin);
      this.#state = { rate: rate - lower > 1e-8 ? lower : rate, best, waited: 0 };
    }
  }
}
