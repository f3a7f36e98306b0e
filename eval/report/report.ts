/**
 * The lines that evaluation prints, in the reference's format.
 *
 * @module
 */
import type { Lengths, MemoryContent } from "@transformer-xl/model";
import {
  type DeviceFacts,
  environmentLines,
  environmentOf,
  fixed,
  formatBytes,
  hostMemoryLine,
  type Role,
  roleLines,
} from "@transformer-xl/runtime";
import type { EvalResult } from "../evaluator.ts";
import { type LossStyle, lossText, perplexityText } from "./loss_text.ts";
import type { LatencySummary } from "../latency/latency_meter.ts";
import type { SegmentMeans } from "./segment_meter.ts";

/** The line above and below a section. */
export const RULE: string = "=".repeat(100);

/** The line before the first segment. */
export function bannerLine(
  { math, type, batchSize, tgtLen, extLen, memLen, clampLen }: Lengths & {
    /** `fp32` or `fp16`. */
    readonly math: string;
    /** What computes: `webgpu` or `cpu`, or the given name of a scorer. */
    readonly type: string;
    /** Largest relative distance; -1: no limit. */
    readonly clampLen: number;
  },
): string {
  return `Evaluating with: math ${math} type ${type} bsz ${batchSize} tgt_len ${tgtLen} ` +
    `ext_len ${extLen} mem_len ${memLen} clamp_len ${clampLen}`;
}

/** The line of what memory rows are kept as, and of the bytes that stay on the device in all. */
export function cacheLine(cache: MemoryContent, bytes: ReadonlyMap<Role, number>): string {
  const [state, weights] = (["state", "weights"] as const).map((role) =>
    formatBytes(bytes.get(role) ?? 0)
  );
  return `cache ${cache} : ${state} of memory, positions and losses beside ${weights} of weights`;
}

/**
 * Environment, memory and time of the start, for a program that prints details.
 *
 * @param beganMs begin of the start, since the process started
 */
export function openedLines(
  device: DeviceFacts,
  bytes: ReadonlyMap<Role, number>,
  beganMs = 0,
): string[] {
  return [
    ...environmentLines(environmentOf(device)),
    ...roleLines("allocated device memory", bytes),
    hostMemoryLine(),
    `start-up = ${Math.round(performance.now() - beganMs)} ms`,
  ];
}

/** The size and speed of an evaluation, for a program that prints details. */
export function scoredDetail(
  { tokens, elapsedMs }: Pick<EvalResult, "tokens" | "elapsedMs">,
): string {
  return `    - ${tokens} tokens scored, ${fixed(tokens / elapsedMs * 1000, 0, 0)} tok/s`;
}

/**
 * The line of the segments since the last one. Perplexity for characters too, and warm-up segments
 * count, as in the reference.
 */
export function segmentLine(
  { step, lossNats, msPerBatch, tokensPerSecond }: SegmentMeans,
  batchCount: number,
): string {
  return `| step ${String(step).padStart(8)} | batches ${
    String(step).padStart(6)
  } / ${batchCount}` +
    ` | ms/batch ${fixed(msPerBatch, 5, 2)} | tok/s ${fixed(tokensPerSecond, 7, 0)}` +
    ` | loss ${fixed(lossNats, 5, 2)} | ppl ${perplexityText(lossNats, 5, 2)}`;
}

/** The lines at the end of one split. */
export function resultLines(
  { split, lossNats, elapsedMs, segments, characters }: LossStyle & {
    /** Name of the split. */
    readonly split: string;
    /** Mean loss in nats per token. */
    readonly lossNats: number;
    /** Wall time. */
    readonly elapsedMs: number;
    /** Segments that ran. */
    readonly segments: number;
  },
): string[] {
  return [
    `Time : ${fixed(elapsedMs / 1000, 0, 2)}s, ${fixed(elapsedMs / segments, 0, 2)}ms/segment`,
    RULE,
    `| ${split} loss ${fixed(lossNats, 5, 2)} | ${split} ${lossText(lossNats, { characters })} `,
    RULE,
  ];
}

/** The lines of a measured text, after {@link resultLines}. */
export function latencyLines(
  { tokensPerSecond, meanMs, percentilesMs }: LatencySummary,
): string[] {
  return [
    `Throughput Avg: ${fixed(tokensPerSecond, 0, 2)} tok/s`,
    `Latency Avg: ${fixed(meanMs, 0, 2)} ms`,
    ...[...percentilesMs].map(([percent, ms]) => `Latency ${percent}%: ${fixed(ms, 0, 2)} ms`),
    RULE,
  ];
}
