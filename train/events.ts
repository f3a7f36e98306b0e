/**
 * Events of a training run.
 *
 * @module
 */
import type { EvalResult } from "@transformer-xl/eval";
import type { Profile } from "./profile/step_profiler.ts";
import type { StepMetrics } from "./step/metric_rings.ts";

/** An event. */
export type TrainEvent =
  | LogEvent
  | { readonly kind: "progress"; readonly step: number }
  | ProfileEvent
  | DroppedEvent
  | EvalEvent
  | SaveEvent
  | { readonly kind: "interrupted"; readonly step: number };

/** A log line. */
export interface LogEvent {
  /** Kind of event. */
  readonly kind: "log";
  /** Starts at 1. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** Segment of this epoch, from 1. */
  readonly batch: number;
  /** Segments of an epoch, counted as in the reference. */
  readonly batchCount: number;
  /** Rate that was set after this step. */
  readonly lr: number;
  /** Mean wall time per step. */
  readonly msPerBatch: number;
  /** Target tokens per second of all processes. */
  readonly tokensPerSecond: number;
  /** Mean time that a step of this process waited for its data. */
  readonly dataWaitMs: number;
  /**
   * Metrics of the steps since the previous line of this epoch; losses are means over all ranks.
   */
  readonly metrics: readonly StepMetrics[];
  /** Metrics of this rank alone. */
  readonly ownMetrics: readonly StepMetrics[];
}

/** A profile of the last steps, on the rank that took it. */
export interface ProfileEvent {
  /** Kind of event. */
  readonly kind: "profile";
  /** Optimizer steps done. */
  readonly step: number;
  /** The steps with the times of their ops. */
  readonly profile: Profile;
}

/** What an epoch left out, because sentences did not fill a batch. */
export interface DroppedEvent {
  /** Kind of event. */
  readonly kind: "dropped";
  /** Starts at 1. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** Targets that were left out. */
  readonly pairs: number;
  /** All targets of the epoch. */
  readonly all: number;
}

/** A validation. */
export interface EvalEvent {
  /** Kind of event. */
  readonly kind: "eval";
  /** Optimizer steps done. */
  readonly step: number;
  /** Evaluations so far, by step number. */
  readonly index: number;
  /** Its result. */
  readonly result: EvalResult;
  /** Smallest validation loss so far. */
  readonly best: boolean;
}

/** A checkpoint. */
export interface SavedEvent {
  /** Kind of event. */
  readonly kind: "checkpoint";
  /** Optimizer steps done. */
  readonly step: number;
  /** The file of the newest state. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** Time of the save, copies for other names included. */
  readonly elapsedMs: number;
}

/** A failed write of a checkpoint, after which the run continues. */
export interface UnsavedEvent {
  /** Kind of event. */
  readonly kind: "unsaved";
  /** Optimizer steps done. */
  readonly step: number;
  /** What failed. */
  readonly reason: string;
}

/** The outcome of a save. */
export type SaveEvent = SavedEvent | UnsavedEvent;
