/**
 * The report as lines of text.
 *
 * @module
 */
import {
  formatBytes,
  type GpuDevice,
  REQUESTED_LIMITS,
  type Speeds,
} from "@transformer-xl/runtime";
import { digits } from "../harness/results.ts";
import type { Part } from "./breakdown.ts";
import type { StepReport } from "./measure_step.ts";

/** Below this many TFLOP/s or GB/s an op does something else. */
const SMALLEST_RATE = 1e-3;

/** Lines of a table that are worth reading. */
const MAX_PARTS = 25;

/** What the adapter offers. */
export function adapterLines(device: GpuDevice, peak: Speeds): string[] {
  const { gpu, info, limits } = device;
  return [
    `class: ${limits.adapterClass}; features: ${info.features.join(", ") || "none"}`,
    ...REQUESTED_LIMITS.map((limit) => {
      const value = gpu.limits[limit];
      return `${limit}: ${/Storage|Buffer/.test(limit) ? formatBytes(value) : value}`;
    }),
    `peaks: ${digits(peak.flopsPerSecond / 1e12)} TFLOP/s of float32 multiply-adds, ` +
    `${digits(peak.copyBytesPerSecond / 1e9)} GB/s copied`,
    ...(info.kind === "gpu" ? [] : ["this is a software driver: nothing below tells of a GPU"]),
  ];
}

/** A step and where its time goes. */
export function stepLines(report: StepReport, peak: Speeds): string[] {
  const { name, parameters, launches, tokens, bytes, flops, samples } = report;
  const { medianMs, minMs, maxMs, sustainedMs, hostMs, lossNats, applied } = report;
  const rate = (ms: number) => digits(tokens / ms * 1000);
  const flopsPerSecond = flops / sustainedMs * 1000;
  return [
    "",
    `${name}: ${parameters} parameters, ${
      formatBytes(bytes)
    }, ${launches} launches, ${tokens} tokens`,
    `  step: ${digits(medianMs)} ms (${digits(minMs)} to ${
      digits(maxMs)
    }, ${samples} steps, a fence ` +
    `after each), ${rate(medianMs)} tokens/s (${rate(maxMs)} to ${rate(minMs)})`,
    `  as in training, ${samples} steps, one fence: ${digits(sustainedMs)} ms, ` +
    `${rate(sustainedMs)} tokens/s, ${digits(flopsPerSecond / 1e12)} TFLOP/s, ` +
    `${digits(100 * flopsPerSecond / peak.flopsPerSecond)}% of the float32 multiply-add peak`,
    ...hostMs === undefined ? [] : [
      `  host, batches, uploads and encoding: ${digits(hostMs)} ms a step, ` +
      `${digits(hostMs * 1000 / launches)} us a launch`,
    ],
    `  loss ${digits(lossNats)} nats, ${applied} of ${samples} updates applied`,
    ...(lossNats > 0 && Number.isFinite(lossNats) ? [] : ["  THE LOSS IS WRONG: trust no number"]),
    ...profileLines(report),
  ];
}

/** How much faster the step is in half precision. */
export function ratioLine(fp32: StepReport, fp16: StepReport): string {
  const ratio = fp32.sustainedMs / fp16.sustainedMs;
  return `fp32 : fp16 = ${digits(fp32.sustainedMs)} ms : ${digits(fp16.sustainedMs)} ms, ` +
    `${ratio.toFixed(2)}x as fast in half precision`;
}

function profileLines({ profileMs, medianMs, ops, products }: StepReport): string[] {
  if (profileMs === undefined) {
    return ["  no timestamp queries on this adapter: no times of ops"];
  }
  const times = profileMs / medianMs;
  const odd = times < 0.5 || times > 3;
  return [
    `  one profiled step, by op: ${digits(profileMs)} ms, ${digits(times)} times a plain one` +
    (odd ? "; THE UNIT OF THE TIMESTAMPS MAY BE WRONG: trust shares, not rates" : ""),
    ...table(ops!, true),
    "  matrix products of that step, by shape and tile plan:",
    ...table(products!, false),
  ];
}

function table(parts: readonly Part[], bytes: boolean): string[] {
  const rate = (work: number, ms: number) => {
    const perSecond = work / ms * 1000;
    return perSecond >= SMALLEST_RATE && ms > 0 ? digits(perSecond) : "-";
  };
  const row = (
    ms: string,
    share: string,
    calls: string,
    flops: string,
    moved: string,
    of: string,
  ) =>
    `  ${ms.padStart(9)} ${share.padStart(6)} ${calls.padStart(8)} ${flops.padStart(9)} ` +
    `${bytes ? `${moved.padStart(8)} ` : ""}${of}`;
  const rest = parts.slice(MAX_PARTS);
  return [
    row("ms", "share", "launches", "TFLOP/s", "GB/s", ""),
    ...parts.slice(0, MAX_PARTS).map(({ name, launches, elapsedMs, share, flops, bytes }) =>
      row(
        digits(elapsedMs),
        `${(100 * share).toFixed(1)}%`,
        String(launches),
        rate(flops / 1e12, elapsedMs),
        rate(bytes / 1e9, elapsedMs),
        name,
      )
    ),
    ...(rest.length === 0 ? [] : [`  and ${rest.length} more, in the saved file`]),
  ].map((line) => line.trimEnd());
}
