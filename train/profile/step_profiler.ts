/**
 * Profiles of some steps of a run.
 *
 * @module
 */
import type { Device } from "@transformer-xl/runtime";
import type { RunRequest } from "../data_parallel/request.ts";
import type { DataTimes } from "../segments/ahead.ts";
import type { PreparedSegment } from "../step/prepared_segment.ts";
import type { StepProfile } from "../step/step_profile.ts";
import type { StepRates, TrainStep } from "../step/train_step.ts";

/** Steps that are profiled. */
const PROFILED = 3;

/** Steps before them at least: kernels, caches and clocks of the device are warm. */
const WARM_UP = 10;

/** Whether a device can time its launches: the CPU, and adapters with timestamp queries. */
export function canProfile({ info }: Device): boolean {
  return info.kind === "cpu" || info.features.includes("timestamp-query");
}

/** Consecutive steps of a run, both included. */
export interface StepRange {
  /** First step, from 1. */
  readonly first: number;
  /** Last step. */
  readonly last: number;
}

/** A profile of consecutive steps. */
export interface Profile {
  /** Number of the first step. */
  readonly firstStep: number;
  /** The steps, in order. */
  readonly steps: readonly StepProfile[];
  /** How long the steps of the run until then waited for their data; undefined if not measured. */
  readonly data?: DataTimes | undefined;
}

/**
 * The steps that a run profiles: three after ten steps and after the memory is full, or the last
 * ones of a short run.
 *
 * @param done steps done when the run begins or resumes
 */
export function profiledSteps(
  { maxStep, memLen, tgtLen }: {
    readonly maxStep: number;
    readonly memLen: number;
    readonly tgtLen: number;
  },
  done: number,
): StepRange {
  const warm = done + Math.max(WARM_UP, Math.ceil(memLen / tgtLen) + 1);
  const first = Math.max(done + 1, Math.min(warm + 1, maxStep - PROFILED + 1));
  return { first, last: Math.min(first + PROFILED - 1, maxStep) };
}

/** `steps 14 to 16`. */
export function stepsText({ firstStep, steps }: Profile): string {
  return steps.length === 1
    ? `step ${firstStep}`
    : `steps ${firstStep} to ${firstStep + steps.length - 1}`;
}

/** Profiler of a run's steps. Rank 0 takes the times; the others keep step. */
export class StepProfiler {
  readonly #step: TrainStep;
  readonly #range: StepRange;
  readonly #isTaken: boolean;
  readonly #profiles: StepProfile[] = [];
  #elapsedMs = 0;

  /** @param isTaken whether this rank takes the times */
  constructor(step: TrainStep, range: StepRange, isTaken: boolean) {
    this.#step = step;
    this.#range = range;
    this.#isTaken = isTaken;
  }

  /** Whether a step is profiled. */
  covers(step: number): boolean {
    return step >= this.#range.first && step <= this.#range.last;
  }

  /** Wall time of the latest step, without what ran before it; undefined if it was not profiled. */
  elapsedOf(step: number): number | undefined {
    return this.covers(step) ? this.#elapsedMs : undefined;
  }

  /**
   * Runs a step that is profiled, see {@link TrainStep.profile}.
   *
   * @returns the combined request of all ranks
   */
  async run(segment: PreparedSegment, rates: StepRates, request: RunRequest): Promise<RunRequest> {
    await this.#step.model.device.idle(); // steps before it are not part of it
    const startMs = performance.now();
    let agreed: RunRequest;
    if (this.#isTaken) {
      const profile = await this.#step.profile(segment, rates, request);
      this.#profiles.push(profile);
      agreed = profile.request;
    } else agreed = await this.#step.runAsync(segment, rates, request);
    this.#elapsedMs = performance.now() - startMs;
    return agreed;
  }

  /** The profile of this rank, after the last of its steps. */
  after(step: number): Profile | undefined {
    const { first: firstStep, last } = this.#range;
    const isDone = this.#isTaken && step === last;
    return isDone ? { firstStep, steps: this.#profiles } : undefined;
  }
}
