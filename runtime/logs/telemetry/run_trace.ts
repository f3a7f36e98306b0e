/**
 * The trace and the metrics of a run for OpenTelemetry. Deno sends them to a collector if the variable
 * `OTEL_DENO` is set; without it, nothing is loaded.
 *
 * Source: OpenTelemetry, "Trace API", "Metrics API" and "Semantic conventions".
 *
 * @module
 */
import type { Attributes, Context, Meter, Span, Tracer } from "@opentelemetry/api";
import manifest from "../../deno.json" with { type: "json" };
import { messageOf } from "../../base/errors.ts";

/** Name of tracer and meter. */
const SCOPE = "transformer-xl";

/** Begin and end in milliseconds since the process started. */
export interface TimeRange {
  /** Begin. */
  readonly beganMs: number;
  /** End. */
  readonly endedMs: number;
}

/** Values by name without the namespace of this program. */
export type TraceFacts = Readonly<Record<string, string | number | boolean>>;

/** The name of an attribute or metric in the namespace of this program. */
export function telemetryName(name: string): string {
  return `transformer_xl.${name}`;
}

/** Whether Deno exports telemetry. */
function exportsTelemetry(): boolean {
  return Deno.env.get("OTEL_DENO")?.toLowerCase() === "true";
}

/** What ended now and took some time. */
export function endedNow(elapsedMs: number): TimeRange {
  const endedMs = performance.now();
  return { beganMs: endedMs - elapsedMs, endedMs };
}

/** A span from the start of the process until disposed, with spans in it that have ended. */
export class RunTrace implements Disposable {
  /** Makes metrics. */
  readonly meter: Meter;
  readonly #tracer: Tracer;
  readonly #run: Span;
  readonly #inSpan: (span: Span) => Context;
  readonly #errorCode: number;
  /** End of the span of {@link RunTrace.lap} before. */
  #lapMs = 0;

  private constructor(
    { context, metrics, trace, SpanStatusCode }: typeof import("@opentelemetry/api"),
    name: string,
  ) {
    this.meter = metrics.getMeter(SCOPE, manifest.version);
    this.#tracer = trace.getTracer(SCOPE, manifest.version);
    this.#errorCode = SpanStatusCode.ERROR;
    this.#inSpan = (span) => trace.setSpan(context.active(), span);
    this.#run = this.#tracer.startSpan(name, { root: true, startTime: performance.timeOrigin });
  }

  /**
   * Begins a trace; the package is loaded only if Deno exports telemetry.
   *
   * @returns undefined if it does not
   */
  static async open(name: string): Promise<RunTrace | undefined> {
    if (!exportsTelemetry()) return undefined;
    return new RunTrace(await import("@opentelemetry/api"), name);
  }

  /** Adds facts to the span of the run. */
  add(facts: TraceFacts): void {
    this.#run.setAttributes(attributesOf(facts));
  }

  /**
   * Adds a span that has ended.
   *
   * @param parent the span it is in; that of the run by default
   */
  span(name: string, times: TimeRange, facts: TraceFacts = {}, parent: Span = this.#run): Span {
    const span = this.#tracer.startSpan(
      name,
      { startTime: performance.timeOrigin + times.beganMs, attributes: attributesOf(facts) },
      this.#inSpan(parent),
    );
    span.end(performance.timeOrigin + times.endedMs);
    return span;
  }

  /** Adds a span from the end of the lap before, or the start of the process, until now. */
  lap(name: string, facts: TraceFacts = {}): void {
    const beganMs = this.#lapMs;
    this.#lapMs = performance.now();
    this.span(name, { beganMs, endedMs: this.#lapMs }, facts);
  }

  /** Adds a span of something that failed just now. */
  failedSpan(name: string, reason: string, facts: TraceFacts = {}): void {
    const attributes = attributesOf(facts);
    const span = this.#tracer.startSpan(name, { attributes }, this.#inSpan(this.#run));
    span.setStatus({ code: this.#errorCode, message: reason });
    span.end();
  }

  /** Marks the run as failed. */
  fail(error: unknown): void {
    const message = messageOf(error);
    this.#run.recordException(error instanceof Error ? error : message);
    this.#run.setStatus({ code: this.#errorCode, message });
  }

  /** Ends the span of the run. */
  [Symbol.dispose](): void {
    this.#run.end(performance.timeOrigin + performance.now());
  }
}

/**
 * Runs a program in a trace of its own; the error that ends it is that of its span.
 *
 * @param program called with the trace, or undefined if Deno exports none
 * @throws what the program throws
 */
export async function inTrace<T>(
  name: string,
  program: (trace: RunTrace | undefined) => Promise<T>,
): Promise<T> {
  using trace = await RunTrace.open(name);
  try {
    return await program(trace);
  } catch (error) {
    trace?.fail(error);
    throw error;
  }
}

function attributesOf(facts: TraceFacts): Attributes {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [telemetryName(name), value]),
  );
}
