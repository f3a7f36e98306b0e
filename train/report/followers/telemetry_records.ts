/**
 * Traces and metrics of a run for OpenTelemetry, in the order in which things happened: a span of the
 * run, and in it the phases of its start, the steps of every log line, evaluations, checkpoints and
 * the test. Deno sends them to a collector if the variable `OTEL_DENO` is set.
 *
 * Source: OpenTelemetry semantic conventions (names and units of metrics and attributes).
 *
 * @module
 */
import type {
  Attributes,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter,
  Span,
  Tracer,
} from "@opentelemetry/api";
import type { EvalResult } from "@transformer-xl/eval";
import { messageOf, PROGRAM_VERSION } from "@transformer-xl/runtime";
import type { TrainConfig } from "../../config.ts";
import type { EvalEvent, LogEvent, SaveEvent } from "../../events.ts";
import { stepNumbers } from "../../step/step_numbers.ts";
import type { StartPhase } from "../../telemetry/start_up.ts";
import { hyperparameters } from "./hyperparameters.ts";
import type { RunFollower, RunSummary } from "./run_follower.ts";

/** Name of tracer and meter. */
const SCOPE = "transformer-xl";

/** Name of an attribute or metric of this program. */
const own = (name: string) => `transformer_xl.${name}`;

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

/** Splits of a text. */
type SplitName = "train" | "valid" | "test";

/** Whether Deno exports telemetry. */
export function exportsTelemetry(): boolean {
  return Deno.env.get("OTEL_DENO")?.toLowerCase() === "true";
}

/**
 * Starts the telemetry of a run; the package is loaded only if Deno exports it.
 *
 * @returns undefined if it does not
 */
export async function openTelemetry(
  start: TelemetryStart,
): Promise<TelemetryRecords | undefined> {
  if (!exportsTelemetry()) return undefined;
  return new TelemetryRecords(await import("@opentelemetry/api"), start);
}

/** Writer of spans and metrics. */
export class TelemetryRecords implements RunFollower, Disposable {
  readonly #tracer: Tracer;
  readonly #run: Span;
  readonly #inRun: Context;
  readonly #inSpan: (span: Span) => Context;
  readonly #errorCode: number;
  readonly #meters: Instruments;
  #step: number;

  constructor(
    { context, metrics, trace, SpanStatusCode }: typeof import("@opentelemetry/api"),
    { config, parameters, adapter, step }: TelemetryStart,
  ) {
    this.#tracer = trace.getTracer(SCOPE, PROGRAM_VERSION);
    this.#meters = instrumentsOf(metrics.getMeter(SCOPE, PROGRAM_VERSION));
    this.#errorCode = SpanStatusCode.ERROR;
    this.#step = step;
    this.#run = this.#tracer.startSpan("train", {
      root: true,
      startTime: performance.timeOrigin,
      attributes: {
        ...settingAttributes(config),
        [own("parameters")]: parameters,
        [own("adapter")]: adapter,
        [own("first_step")]: step,
      },
    });
    this.#inSpan = (span) => trace.setSpan(context.active(), span);
    this.#inRun = this.#inSpan(this.#run);
  }

  /** Writes the phases of the start. */
  start(phases: readonly StartPhase[]): void {
    const times = { beganMs: 0, endedMs: phases.at(-1)!.endedMs };
    const parent = this.#inSpan(this.#span("start-up", times, {}));
    for (const { name, ...phase } of phases) this.#span(name, phase, {}, parent);
  }

  /** Writes the steps of a log line. */
  step(event: LogEvent, lossNats: number): void {
    const { step, epoch, lr, msPerBatch, tokensPerSecond, metrics } = event;
    const { gradientNorm, lossScale, skipped } = stepNumbers(metrics);
    const elapsedMs = msPerBatch * metrics.length;
    const { steps, tokens, skippedUpdates, stepDuration, gauges } = this.#meters;
    steps.add(metrics.length);
    tokens.add(Math.round(tokensPerSecond * elapsedMs / 1000));
    skippedUpdates.add(skipped);
    stepDuration.record(msPerBatch / 1000);
    this.#loss("train", lossNats);
    gauges.epoch.record(epoch);
    gauges.learningRate.record(lr);
    if (gradientNorm !== undefined) gauges.gradientNorm.record(gradientNorm);
    gauges.lossScale.record(lossScale);
    gauges.throughput.record(tokensPerSecond);
    this.#step = step;
    this.#span("steps", before(elapsedMs), {
      [own("step")]: step,
      [own("steps")]: metrics.length,
      [own("epoch")]: epoch,
      [own("loss")]: lossNats,
      [own("learning_rate")]: lr,
      ...(gradientNorm !== undefined && { [own("gradient_norm")]: gradientNorm }),
      [own("skipped_updates")]: skipped,
      [own("throughput")]: tokensPerSecond,
    });
  }

  /** Writes a validation. */
  validation({ step, result, best }: EvalEvent): void {
    this.#evaluation("valid", result, { [own("step")]: step, [own("best")]: best });
  }

  /** Writes the test. */
  test(result: EvalResult): void {
    this.#evaluation("test", result, { [own("step")]: this.#step });
  }

  /** Writes a checkpoint, or a failed write. */
  save(event: SaveEvent): void {
    const step = { [own("step")]: event.step };
    if (event.kind === "unsaved") {
      const span = this.#tracer.startSpan("checkpoint", { attributes: step }, this.#inRun);
      span.setStatus({ code: this.#errorCode, message: event.reason });
      return span.end();
    }
    const { bytes, elapsedMs, path } = event;
    this.#meters.checkpointDuration.record(elapsedMs / 1000);
    this.#meters.gauges.checkpointSize.record(bytes);
    this.#span("checkpoint", before(elapsedMs), {
      ...step,
      [own("checkpoint.size")]: bytes,
      "file.path": path,
    });
  }

  /** Writes the results of the run on its span. */
  summary({ tokensPerSecond, validLossNats, test }: RunSummary): void {
    this.#run.setAttributes({
      [own("last_step")]: this.#step,
      ...(tokensPerSecond !== undefined && { [own("throughput")]: tokensPerSecond }),
      ...(validLossNats !== undefined && { [own("valid_loss")]: validLossNats }),
      ...(test !== undefined && { [own("test_loss")]: test.lossNats }),
    });
  }

  /** Writes that a signal stopped the run. */
  interrupt(): void {
    this.#run.setAttributes({ [own("last_step")]: this.#step, [own("interrupted")]: true });
  }

  /** Writes what ended the run. */
  fail(error: unknown): void {
    const message = messageOf(error);
    this.#run.recordException(error instanceof Error ? error : message);
    this.#run.setStatus({ code: this.#errorCode, message });
  }

  /** Ends the span of the run. */
  [Symbol.dispose](): void {
    this.#run.end(nowMs());
  }

  #evaluation(split: SplitName, { lossNats, elapsedMs, tokens }: EvalResult, more: Attributes) {
    this.#loss(split, lossNats);
    this.#meters.evaluationDuration.record(elapsedMs / 1000, { [own("split")]: split });
    this.#span("evaluation", before(elapsedMs), {
      [own("split")]: split,
      [own("loss")]: lossNats,
      [own("tokens")]: tokens,
      ...more,
    });
  }

  #loss(split: SplitName, lossNats: number): void {
    this.#meters.gauges.loss.record(lossNats, { [own("split")]: split });
  }

  /** A span that has ended, of milliseconds since the process started. */
  #span(
    name: string,
    { beganMs, endedMs }: Omit<StartPhase, "name">,
    attributes: Attributes,
    parent = this.#inRun,
  ): Span {
    const startTime = performance.timeOrigin + beganMs;
    const span = this.#tracer.startSpan(name, { startTime, attributes }, parent);
    span.end(performance.timeOrigin + endedMs);
    return span;
  }
}

/** What ended now and took some time. */
function before(elapsedMs: number): Omit<StartPhase, "name"> {
  const endedMs = performance.now();
  return { beganMs: endedMs - elapsedMs, endedMs };
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function settingAttributes(config: TrainConfig): Attributes {
  return Object.fromEntries(
    Object.entries(hyperparameters(config)).map(([flag, value]) => [own(`config.${flag}`), value]),
  );
}

/** The metrics. */
interface Instruments {
  readonly steps: Counter;
  readonly tokens: Counter;
  readonly skippedUpdates: Counter;
  readonly stepDuration: Histogram;
  readonly evaluationDuration: Histogram;
  readonly checkpointDuration: Histogram;
  readonly gauges: Readonly<Record<keyof typeof GAUGES, Gauge>>;
}

/** Names, units and descriptions of last values. */
const GAUGES = {
  loss: ["loss", "{nat}", "Mean loss per token, by split"],
  epoch: ["epoch", "{epoch}", "Epoch of training, from 1"],
  learningRate: ["learning_rate", "1", "Learning rate after the last step"],
  gradientNorm: ["gradient_norm", "1", "Mean gradient norm of the updates that were made"],
  lossScale: ["loss_scale", "1", "Loss scale after the last step"],
  throughput: ["throughput", "{token}/s", "Target tokens per second of all processes"],
  checkpointSize: ["checkpoint.size", "By", "Size of the newest checkpoint"],
} as const;

function instrumentsOf(meter: Meter): Instruments {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(own(name), { unit, description });
  const duration = (name: string, description: string) =>
    meter.createHistogram(own(`${name}.duration`), { unit: "s", description });
  return {
    steps: counter("steps", "{step}", "Optimizer steps done"),
    tokens: counter("tokens", "{token}", "Target tokens trained on, by all processes"),
    skippedUpdates: counter("skipped_updates", "{update}", "Updates with a gradient not finite"),
    stepDuration: duration("step", "Mean time per step, of every log line"),
    evaluationDuration: duration("evaluation", "Time of an evaluation, by split"),
    checkpointDuration: duration("checkpoint", "Time of a save"),
    gauges: Object.fromEntries(
      Object.entries(GAUGES).map(([key, [name, unit, description]]) => [
        key,
        meter.createGauge(own(name), { unit, description }),
      ]),
    ) as Record<keyof typeof GAUGES, Gauge>,
  };
}
