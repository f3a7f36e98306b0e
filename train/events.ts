/**
 * Events of a training run.
 *
 * @module
 */
import type { EvalResult } from "@transformer-xl/eval";
import type { StepMetrics } from "./step/metric_rings.ts";

/** One thing that happened. */
export type TrainEvent =
  | LogEvent
  | { readonly kind: "progress"; readonly step: number }
  | EvalEvent
  | SaveEvent
  | { readonly kind: "interrupted"; readonly step: number };

/** A log line. */
export interface LogEvent {
  /** What happened. */
  readonly kind: "log";
  /** From 1. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** Segment of this epoch, from 1. */
  readonly batch: number;
  /** Segments of an epoch, as the reference counts them. */
  readonly batchCount: number;
  /** Rate that was set after this step. */
  readonly lr: number;
  /** Mean wall time per step. */
  readonly msPerBatch: number;
  /** Target tokens per second of all processes. */
  readonly tokensPerSecond: number;
  /** The steps since the last line of this epoch; losses are means over all processes. */
  readonly metrics: readonly StepMetrics[];
  /** The same of this process alone. */
  readonly ownMetrics: readonly StepMetrics[];
}

/** A validation. */
export interface EvalEvent {
  /** What happened. */
  readonly kind: "eval";
  /** Optimizer steps done. */
  readonly step: number;
  /** Evaluations so far, by step number. */
  readonly index: number;
  /** What it found. */
  readonly result: EvalResult;
  /** Smallest validation loss so far. */
  readonly best: boolean;
}

/** A checkpoint; or that it could not be written, and that the run goes on without it. */
export type SaveEvent =
  | { readonly kind: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly kind: "unsaved"; readonly step: number; readonly reason: string };
