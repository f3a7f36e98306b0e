/**
 * Submission of the steps of a run: at once, with other processes, or with the times of every op.
 *
 * @module
 */
import { Backlog } from "@transformer-xl/eval";
import type { Segment } from "@transformer-xl/model";
import type { ProcessGroup } from "@transformer-xl/runtime";
import type { RunRequest } from "../data_parallel/request.ts";
import type { StepProfiler } from "./step_profiler.ts";
import type { StepMetrics } from "../step/metric_rings.ts";
import type { StepRates, TrainStep } from "../step/train_step.ts";

/** Runs steps. */
export class StepRunner {
  /** Profiler of some of the steps. */
  profiler: StepProfiler | undefined;
  readonly #step: TrainStep;
  readonly #group: ProcessGroup;
  readonly #isSwapped: boolean;
  /** Steps in flight. */
  readonly #backlog = new Backlog({ first: 16, largest: 4096 });

  /** @param options.isSwapped whether memories are in host memory */
  constructor(
    step: TrainStep,
    group: ProcessGroup,
    { isSwapped }: { readonly isSwapped: boolean },
  ) {
    this.#step = step;
    this.#group = group;
    this.#isSwapped = isSwapped;
  }

  /**
   * Submits a step.
   *
   * @param ownRequest request of this rank
   * @returns the combined request of all ranks
   */
  async run(
    number: number,
    segment: Segment,
    rates: StepRates,
    ownRequest: () => RunRequest,
  ): Promise<() => RunRequest> {
    if (this.profiler?.covers(number)) {
      const agreed = await this.profiler.run(segment, rates, ownRequest());
      return () => agreed;
    }
    if (this.#group.size > 1) {
      const agreed = await this.#step.runAsync(segment, rates, ownRequest());
      return () => agreed;
    }
    if (this.#isSwapped) await this.#step.runAsync(segment, rates);
    else {
      this.#step.run(segment, rates);
      await this.#backlog.add(() => this.#step.metrics(1));
    }
    return ownRequest;
  }

  /** Metrics of the last `count` steps; waits for the device. */
  async metrics(count: number): Promise<StepMetrics[]> {
    return await this.#backlog.drain(() => this.#step.metrics(count));
  }
}
