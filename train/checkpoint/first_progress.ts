/**
 * The progress of a run before its first step.
 *
 * @module
 */
import type { Progress } from "./training_checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { scheduleOf } from "../run_plan.ts";
import { rateOf } from "../schedule.ts";

/** No step done, nothing evaluated. */
export function firstProgress(config: TrainConfig): Progress {
  return {
    step: 0,
    epoch: 1,
    lastStart: null,
    evaluationDue: false,
    bestLossNats: null,
    plateau: { rate: rateOf(scheduleOf(config), 1), best: null, waited: 0 },
    filled: 0,
  };
}
