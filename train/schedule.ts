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
  /** Rate that the warm-up climbs to; `lr` by default. */
  readonly warmupLr?: number;
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
  const { warmupLr = lr } = settings;
  if (step < warmup) return warmupLr * step / warmup;
  const warmedUp = warmup > 1 ? warmupLr * (warmup - 1) / warmup : lr;
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

/** Settings of a {@link Plateau}. */
export interface PlateauSettings {
  /** Factor of the rate when it falls. */
  readonly decayRate: number;
  /** Evaluations without improvement before it falls. */
  readonly patience: number;
  /** Smallest rate. */
  readonly lrMin: number;
}

/** `dev_perf`: the rate falls when the validation loss stops improving. */
export class Plateau {
  readonly #settings: PlateauSettings;
  #state: PlateauState;

  constructor(settings: PlateauSettings, state: PlateauState) {
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

/** Rates of a step. */
export interface Rates {
  /** Learning rate. */
  readonly lr: number;
  /** Learning rate of tables with sparse gradients, if they have one of their own. */
  readonly sparseLr?: number;
}

/** State of {@link LearningRates}; a checkpoint stores it. */
export interface RatesState {
  /** Rate of the parameters. */
  readonly plateau: PlateauState;
  /** Rate of tables with sparse gradients; null where they have none of their own. */
  readonly sparsePlateau: PlateauState | null;
}

/** The learning rates of a run from step to step. */
export class LearningRates {
  readonly #schedule: ScheduleSettings;
  readonly #sparseSchedule: ScheduleSettings | undefined;
  readonly #plateau: Plateau;
  readonly #sparsePlateau: Plateau | undefined;

  /** Continues from `state`. */
  constructor(
    schedules: {
      readonly schedule: ScheduleSettings;
      readonly sparseSchedule: ScheduleSettings | undefined;
    },
    settings: PlateauSettings,
    { plateau, sparsePlateau }: RatesState,
  ) {
    this.#schedule = schedules.schedule;
    this.#sparseSchedule = schedules.sparseSchedule;
    this.#plateau = new Plateau(settings, plateau);
    this.#sparsePlateau = sparsePlateau === null ? undefined : new Plateau(settings, sparsePlateau);
  }

  /** Current rates and what they depend on. */
  get state(): RatesState {
    return {
      plateau: this.#plateau.state,
      sparsePlateau: this.#sparsePlateau?.state ?? null,
    };
  }

  /** The rates that step `step` (from 1) uses. */
  of(step: number): Rates {
    const lr = rateOf(this.#schedule, step, this.#plateau.state.rate);
    if (this.#sparseSchedule === undefined) return { lr };
    return { lr, sparseLr: rateOf(this.#sparseSchedule, step, this.#sparsePlateau?.state.rate) };
  }

  /** The rate set after `step` steps, which the log shows. */
  after(step: number): number {
    return rateAfter(this.#schedule, step, this.#plateau.state.rate);
  }

  /** Sets the rates after `step` steps. */
  follow(step: number): void {
    this.#plateau.follow(this.after(step));
    if (this.#sparseSchedule === undefined) return;
    const rate = this.#sparsePlateau?.state.rate;
    this.#sparsePlateau?.follow(rateAfter(this.#sparseSchedule, step, rate));
  }

  /** Takes a validation loss into account. */
  observe(loss: number): void {
    this.#plateau.observe(loss);
    this.#sparsePlateau?.observe(loss);
  }
}
