/**
 * Receivers of the events of a run, beside its lines and its JSON log.
 *
 * @module
 */
import type { EvalResult } from "@transformer-xl/eval";
import type { EvalEvent, LogEvent, SaveEvent } from "../../events.ts";
import type { StartPhase } from "../../telemetry/start_up.ts";

/** Numbers of a run at its end. */
export interface RunSummary {
  /** Time of the loop, validations included, the test not. */
  readonly elapsedMs: number;
  /** Mean throughput; undefined without a log line. */
  readonly tokensPerSecond: number | undefined;
  /** Loss of the last log line. */
  readonly trainLossNats: number | undefined;
  /** Smallest validation loss. */
  readonly validLossNats: number | undefined;
  /** Result of the test; undefined without a test. */
  readonly test: Pick<EvalResult, "elapsedMs" | "lossNats"> | undefined;
}

/** A receiver of the events of a run, on rank 0. */
export interface RunFollower {
  /** Follows the steps of a log line, of which `lossNats` is the mean loss. */
  step(event: LogEvent, lossNats: number): void;
  /** Follows a validation. */
  validation(event: EvalEvent): void;
  /** Follows the start, once the first step is done. */
  start?(phases: readonly StartPhase[]): void;
  /** Follows a checkpoint, or a failed write. */
  save?(event: SaveEvent): void;
  /** Follows the test at the end. */
  test?(result: EvalResult): void;
  /** Follows the end of training. */
  summary(summary: RunSummary): void;
  /** Follows a stop by a signal, which may be in the test. */
  interrupt?(): void;
  /** Follows an error that ends the run. */
  fail?(error: unknown): void;
}
