/**
 * Times of one step.
 *
 * @module
 */
import type { OpTime } from "@transformer-xl/runtime";
import type { RunRequest } from "../data_parallel/request.ts";

/** Times of one plan of a step. */
export interface PlanProfile {
  /** Name of the plan. */
  readonly label: string;
  /** Its ops in order. */
  readonly ops: readonly OpTime[];
}

/** A profiled step. */
export interface StepProfile {
  /** Gradients of each chunk, and the update. */
  readonly plans: readonly PlanProfile[];
  /** Combined request of all ranks. */
  readonly request: RunRequest;
}
