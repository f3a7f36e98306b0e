/**
 * Spans and metrics of a generated text for OpenTelemetry.
 *
 * @module
 */
import { type RunTrace, telemetryName } from "@transformer-xl/runtime";
import type { SpeedTimes } from "./speed_meter.ts";

/** Records the prompt and the tokens of a text that has just ended. */
export function recordGeneration(
  trace: RunTrace,
  { promptTokens, tokens, startMs, firstMs, lastMs }: SpeedTimes,
  samples: number,
): void {
  trace.span("prompt", { beganMs: startMs, endedMs: firstMs }, { tokens: promptTokens });
  // The first token of every sample comes from the run of the prompt.
  const timed = tokens - Math.min(tokens, samples);
  const throughput = timed > 0 ? 1000 * timed / (lastMs - firstMs) : undefined;
  trace.span("tokens", { beganMs: firstMs, endedMs: lastMs }, {
    ...{ tokens, samples },
    ...(throughput !== undefined && { throughput }),
  });
  const { meter } = trace;
  meter.createCounter(telemetryName("generated_tokens"), {
    unit: "{token}",
    description: "Tokens generated, of all samples",
  }).add(tokens);
  meter.createHistogram(telemetryName("prompt.duration"), {
    unit: "s",
    description: "Time from the prompt to the first token",
  }).record((firstMs - startMs) / 1000);
  if (throughput === undefined) return;
  meter.createGauge(telemetryName("throughput"), {
    unit: "{token}/s",
    description: "Tokens per second after the first, of all samples",
  }).record(throughput);
}
