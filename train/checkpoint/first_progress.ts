/**
 * The progress of a run before its first step.
 *
 * @module
 */
import type { Progress } from "./training_checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { scheduleOf, sparseScheduleOf } from "../run_plan.ts";
import { type PlateauState, rateOf, type ScheduleSettings } from "../schedule.ts";

/** No step done, nothing evaluated. */
export function firstProgress(config: TrainConfig): Progress {
  const sparse = sparseScheduleOf(config);
  return {
    step: 0,
    epoch: 1,
    lastStart: null,
    sentences: null,
    evaluationDue: false,
    bestLossNats: null,
    plateau: firstState(scheduleOf(config)),
    sparsePlateau: sparse === undefined ? null : firstState(sparse),
    filled: 0,
  };
}

function firstState(schedule: ScheduleSettings): PlateauState {
  return { rate: rateOf(schedule, 1), best: null, waited: 0 };
}
