/**
 * Submission of the steps of a run: at once, with other processes, or with the times of every op.
 * While a step runs, the data of the next one is prepared.
 *
 * @module
 */
import { Backlog } from "@transformer-xl/eval";
import type { ProcessGroup } from "@transformer-xl/runtime";
import type { RunRequest } from "../data_parallel/request.ts";
import { Ahead, type DataTimes } from "../segments/ahead.ts";
import type { RunSegments, StepSegment } from "../segments/run_segments.ts";
import type { Profile, StepProfiler } from "./step_profiler.ts";
import type { StepMetrics } from "../step/metric_rings.ts";
import type { PreparedSegment } from "../step/prepared_segment.ts";
import type { StepRates, TrainStep } from "../step/train_step.ts";

/** The segment of a step with its values. */
export interface ReadySegment extends StepSegment {
  /** Made of the segment. */
  readonly prepared: PreparedSegment;
}

/** Runs steps. */
export class StepRunner {
  /** Profiler of some of the steps. */
  profiler: StepProfiler | undefined;
  readonly #step: TrainStep;
  readonly #group: ProcessGroup;
  readonly #isSwapped: boolean;
  /** The CPU is done when a step was submitted, so nothing overlaps it. */
  readonly #overlaps: boolean;
  /** Steps in flight. */
  readonly #backlog = new Backlog({ first: 16, largest: 4096 });
  #ahead!: Ahead<StepSegment, ReadySegment>;
  /** Those of the steps that {@link takeWaitMs} has averaged. */
  #told!: DataTimes;

  /** @param options.isSwapped whether memories are in host memory */
  constructor(
    step: TrainStep,
    group: ProcessGroup,
    { isSwapped }: { readonly isSwapped: boolean },
  ) {
    this.#step = step;
    this.#group = group;
    this.#isSwapped = isSwapped;
    this.#overlaps = step.model.device.info.kind !== "cpu";
  }

  /** Steps take these segments from now on. */
  start(segments: RunSegments): void {
    const prepare = (next: StepSegment) => ({
      ...next,
      prepared: this.#step.prepare(next.segment, next.step - 1),
    });
    this.#ahead = new Ahead(() => segments.next(), prepare);
    this.#told = this.#ahead.times;
  }

  /**
   * The segment of the next step; undefined after the last step.
   *
   * @throws {DataError} when a file of sentences cannot be read
   */
  async next(): Promise<ReadySegment | undefined> {
    return await this.#ahead.next();
  }

  /** Times of the data of all steps since {@link start}. */
  get dataTimes(): DataTimes {
    return this.#ahead.times;
  }

  /** Mean milliseconds that the steps since the last call waited for their data. */
  takeWaitMs(): number {
    const times = this.dataTimes;
    const steps = times.steps - this.#told.steps;
    const waitMs = times.waitMs - this.#told.waitMs;
    this.#told = times;
    return steps === 0 ? 0 : waitMs / steps;
  }

  /**
   * Submits a step.
   *
   * @param ownRequest request of this rank
   * @returns the combined request of all ranks
   */
  async run(
    { step, prepared }: ReadySegment,
    rates: StepRates,
    ownRequest: () => RunRequest,
  ): Promise<() => RunRequest> {
    if (this.profiler?.covers(step)) {
      const agreed = await this.#during(this.profiler.run(prepared, rates, ownRequest()));
      return () => agreed;
    }
    if (this.#group.size > 1) {
      const agreed = await this.#during(this.#step.runAsync(prepared, rates, ownRequest()));
      return () => agreed;
    }
    if (this.#isSwapped) await this.#during(this.#step.runAsync(prepared, rates));
    else {
      this.#step.run(prepared, rates);
      if (this.#overlaps) this.#ahead.begin();
      await this.#backlog.add(() => this.#step.metrics(1));
    }
    return ownRequest;
  }

  /** The profile of this rank, after the last of its steps. */
  profileAfter(step: number): Profile | undefined {
    const profile = this.profiler?.after(step);
    return profile && { ...profile, data: this.dataTimes };
  }

  /** Metrics of the last `count` steps; waits for the device. */
  async metrics(count: number): Promise<StepMetrics[]> {
    return await this.#backlog.drain(() => this.#step.metrics(count));
  }

  /** Prepares the data of the next step while `running`, which was submitted, is waited for. */
  async #during<T>(running: Promise<T>): Promise<T> {
    this.#ahead.begin();
    return await running;
  }
}
