/**
 * Spans and metrics of evaluations for OpenTelemetry.
 *
 * @module
 */
import { endedNow, type RunTrace, telemetryName, type TraceFacts } from "@transformer-xl/runtime";
import type { EvalResult } from "../evaluator.ts";

/** Losses of splits and times of evaluations in the trace of a run. */
export class SplitMetrics {
  readonly #trace: RunTrace;
  readonly #losses: ReturnType<RunTrace["meter"]["createGauge"]>;
  readonly #durations: ReturnType<RunTrace["meter"]["createHistogram"]>;

  /** @param trace the run that evaluates */
  constructor(trace: RunTrace) {
    this.#trace = trace;
    this.#losses = trace.meter.createGauge(telemetryName("loss"), {
      unit: "{nat}",
      description: "Mean loss per token, by split",
    });
    this.#durations = trace.meter.createHistogram(telemetryName("evaluation.duration"), {
      unit: "s",
      description: "Time of an evaluation, by split",
    });
  }

  /** Records the mean loss of a split in nats per token. */
  loss(split: string, lossNats: number): void {
    this.#losses.record(lossNats, { [telemetryName("split")]: split });
  }

  /** Records an evaluation that has just ended. */
  evaluation(
    split: string,
    { lossNats, elapsedMs, tokens }: Pick<EvalResult, "lossNats" | "elapsedMs" | "tokens">,
    facts: TraceFacts = {},
  ): void {
    this.loss(split, lossNats);
    this.#durations.record(elapsedMs / 1000, { [telemetryName("split")]: split });
    const measured = { loss: lossNats, tokens, throughput: 1000 * tokens / elapsedMs };
    this.#trace.span("evaluation", endedNow(elapsedMs), { split, ...measured, ...facts });
  }
}
