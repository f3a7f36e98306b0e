/**
 * Spans and metrics of a run for OpenTelemetry: the phases of its start, the steps of every log line,
 * evaluations, checkpoints and the test.
 *
 * @module
 */
import { type EvalResult, SplitMetrics } from "@transformer-xl/eval";
import { endedNow, RunTrace, telemetryName } from "@transformer-xl/runtime";
import type { TrainConfig } from "../../config.ts";
import type { EvalEvent, LogEvent, SaveEvent } from "../../events.ts";
import { stepNumbers } from "../../step/step_numbers.ts";
import type { StartPhase } from "../../telemetry/start_up.ts";
import { hyperparameters } from "./hyperparameters.ts";
import type { RunFollower, RunSummary } from "./run_follower.ts";

/** Facts about a run for its span. */
export interface TelemetryStart {
  /** Settings of training. */
  readonly config: TrainConfig;
  /** Parameters of the model. */
  readonly parameters: number;
  /** Name of the device. */
  readonly adapter: string;
  /** Steps done before. */
  readonly step: number;
}

/**
 * Starts the telemetry of a run.
 *
 * @returns undefined if Deno does not export it
 */
export async function openTelemetry(start: TelemetryStart): Promise<TelemetryRecords | undefined> {
  const trace = await RunTrace.open("train");
  return trace && new TelemetryRecords(trace, start);
}

/** Writer of spans and metrics. */
export class TelemetryRecords implements RunFollower, Disposable {
  readonly #trace: RunTrace;
  readonly #metrics: ReturnType<typeof metricsOf>;
  readonly #splits: SplitMetrics;
  #step: number;

  /** @param trace disposed with the records */
  constructor(trace: RunTrace, { config, parameters, adapter, step }: TelemetryStart) {
    this.#trace = trace;
    this.#metrics = metricsOf(trace);
    this.#splits = new SplitMetrics(trace);
    this.#step = step;
    const settings = Object.entries(hyperparameters(config))
      .map(([flag, value]) => [`config.${flag}`, value] as const);
    trace.add({ ...Object.fromEntries(settings), parameters, adapter, first_step: step });
  }

  /** Writes the phases of the start. */
  start(phases: readonly StartPhase[]): void {
    const { endedMs } = phases.at(-1)!;
    const startUp = this.#trace.span("start-up", { beganMs: 0, endedMs });
    for (const { name, ...times } of phases) this.#trace.span(name, times, {}, startUp);
  }

  /** Writes the steps of a log line. */
  step(event: LogEvent, lossNats: number): void {
    const { step, epoch, lr, msPerBatch, tokensPerSecond, metrics } = event;
    const { gradientNorm, lossScale, skipped } = stepNumbers(metrics);
    const elapsedMs = msPerBatch * metrics.length;
    const own = this.#metrics;
    this.#step = step;
    this.#splits.loss("train", lossNats);
    own.steps.add(metrics.length);
    own.tokens.add(Math.round(tokensPerSecond * elapsedMs / 1000));
    own.skippedUpdates.add(skipped);
    own.stepDuration.record(msPerBatch / 1000);
    own.epoch.record(epoch);
    own.learningRate.record(lr);
    if (gradientNorm !== undefined) own.gradientNorm.record(gradientNorm);
    own.lossScale.record(lossScale);
    own.throughput.record(tokensPerSecond);
    this.#trace.span("steps", endedNow(elapsedMs), {
      ...{ step, steps: metrics.length, epoch, loss: lossNats, learning_rate: lr },
      ...(gradientNorm !== undefined && { gradient_norm: gradientNorm }),
      ...{ skipped_updates: skipped, throughput: tokensPerSecond },
    });
  }

  /** Writes a validation. */
  validation({ step, result, best }: EvalEvent): void {
    this.#splits.evaluation("valid", result, { step, best });
  }

  /** Writes the test. */
  test(result: EvalResult): void {
    this.#splits.evaluation("test", result, { step: this.#step });
  }

  /** Writes a checkpoint, or a failed write. */
  save(event: SaveEvent): void {
    const { step } = event;
    if (event.kind === "unsaved") {
      return this.#trace.failedSpan("checkpoint", event.reason, { step });
    }
    const { bytes, elapsedMs } = event;
    this.#metrics.checkpointDuration.record(elapsedMs / 1000);
    this.#metrics.checkpointSize.record(bytes);
    this.#trace.span("checkpoint", endedNow(elapsedMs), { step, "checkpoint.size": bytes });
  }

  /** Writes the results of the run on its span. */
  summary({ tokensPerSecond, validLossNats, test }: RunSummary): void {
    this.#trace.add({
      last_step: this.#step,
      ...(tokensPerSecond !== undefined && { throughput: tokensPerSecond }),
      ...(validLossNats !== undefined && { valid_loss: validLossNats }),
      ...(test !== undefined && { test_loss: test.lossNats }),
    });
  }

  /** Writes that a signal stopped the run. */
  interrupt(): void {
    this.#trace.add({ last_step: this.#step, interrupted: true });
  }

  /** Writes what ended the run. */
  fail(error: unknown): void {
    this.#trace.fail(error);
  }

  /** Ends the trace. */
  [Symbol.dispose](): void {
    this.#trace[Symbol.dispose]();
  }
}

/** The metrics of training; {@link SplitMetrics} has those of evaluations. */
function metricsOf({ meter }: RunTrace) {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(telemetryName(name), { unit, description });
  const gauge = (name: string, unit: string, description: string) =>
    meter.createGauge(telemetryName(name), { unit, description });
  const seconds = (name: string, description: string) =>
    meter.createHistogram(telemetryName(name), { unit: "s", description });
  return {
    steps: counter("steps", "{step}", "Optimizer steps done"),
    tokens: counter("tokens", "{token}", "Target tokens trained on, by all processes"),
    skippedUpdates: counter("skipped_updates", "{update}", "Updates with a gradient not finite"),
    epoch: gauge("epoch", "{epoch}", "Epoch of training, from 1"),
    learningRate: gauge("learning_rate", "1", "Learning rate after the last step"),
    gradientNorm: gauge("gradient_norm", "1", "Mean gradient norm of the updates that were made"),
    lossScale: gauge("loss_scale", "1", "Loss scale after the last step"),
    throughput: gauge("throughput", "{token}/s", "Target tokens per second of all processes"),
    checkpointSize: gauge("checkpoint.size", "By", "Size of the newest checkpoint"),
    stepDuration: seconds("step.duration", "Mean time per step, of every log line"),
    checkpointDuration: seconds("checkpoint.duration", "Time of a save"),
  };
}
