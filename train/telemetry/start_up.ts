/**
 * Times of the phases of a start, from the start of the process until the first step is done.
 *
 * @module
 */
import type { PlanTimes } from "@transformer-xl/runtime";

/** A phase of a start; times are milliseconds since the process started. */
export interface StartPhase {
  /** Its name. */
  readonly name: string;
  /** Its begin. */
  readonly beganMs: number;
  /** Its end. */
  readonly endedMs: number;
}

interface Phase {
  readonly name: string;
  readonly beganMs: number;
  /** Plans that were recorded and compiled in it. */
  readonly plans: PlanTimes[];
}

/**
 * Named phases, one after the other. The first is `program`: loading and compiling the sources,
 * until the object is created. `train --verbose` prints {@link StartUp.lines} after the first step.
 */
export class StartUp {
  readonly #now: () => number;
  readonly #phases: Phase[] = [{ name: "program", beganMs: 0, plans: [] }];
  #endedMs: number | undefined;

  /** @param now milliseconds since the process started */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.begin("settings");
  }

  /** Ends the phase before, and begins another. */
  begin(name: string): void {
    this.#phases.push({ name, beganMs: this.#now(), plans: [] });
  }

  /** Adds a plan to the current phase; for `onPlan` of a device. */
  readonly addPlan = (times: PlanTimes): void => {
    if (this.#endedMs === undefined) this.#phases.at(-1)!.plans.push(times);
  };

  /** Ends the last phase. */
  end(): void {
    this.#endedMs ??= this.#now();
  }

  /** Whether the last phase has ended. */
  get isOver(): boolean {
    return this.#endedMs !== undefined;
  }

  /** The phases, in order; the last one ends now if the start is not over. */
  get phases(): readonly StartPhase[] {
    const endMs = this.#endedMs ?? this.#now();
    return this.#phases.map(({ name, beganMs }, i) => ({
      name,
      beganMs,
      endedMs: this.#phases[i + 1]?.beganMs ?? endMs,
    }));
  }

  /** A line for the whole start, one for each phase and one for each plan. */
  get lines(): string[] {
    const { phases } = this;
    return [
      `start-up = ${milliseconds(phases.at(-1)!.endedMs)}`,
      ...phases.flatMap(({ name, beganMs, endedMs }, i) => [
        `    - ${name} : ${milliseconds(endedMs - beganMs)}`,
        ...this.#phases[i]!.plans.map(planLine),
      ]),
    ];
  }
}

function planLine({ label, recordMs, compileMs }: PlanTimes): string {
  return `        - ${label} : recorded in ${milliseconds(recordMs)}, ` +
    `compiled in ${milliseconds(compileMs)}`;
}

function milliseconds(elapsedMs: number): string {
  return `${Math.round(elapsedMs)} ms`;
}
