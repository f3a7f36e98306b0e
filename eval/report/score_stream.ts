/**
 * Evaluation of one text with its lines and records.
 *
 * @module
 */
import {
  type Compat,
  COMPAT_RULES,
  type Lengths,
  type SegmentSource,
  SentenceBatches,
} from "@transformer-xl/model";
import type { JsonLog, ProcessGroup, TextLog } from "@transformer-xl/runtime";
import type { UnitLoss } from "../comparison/compare_models.ts";
import { combineResults } from "../combine_results.ts";
import { type EvalConfig, isMeasured } from "../config.ts";
import type { Evaluator } from "../evaluator.ts";
import { assertFiniteLoss } from "../finite.ts";
import { latencyFacts, type MeasuredText } from "../latency/latency_files.ts";
import { LatencyMeter, latencySummary } from "../latency/latency_meter.ts";
import { evaluateRepeatedly } from "../repetitions.ts";
import { COVERAGE_FLAGS } from "../settings/flag_words.ts";
import type { Stream } from "../text/cut_texts.ts";
import { rawLoss } from "../metrics.ts";
import { rawLossText } from "./loss_text.ts";
import { coverageLine, coverageOf, sentenceCoverageOf } from "./coverage.ts";
import type { EvalDllRecords } from "./dll_records.ts";
import { latencyLines, resultLines, scoredDetail, segmentLine } from "./report.ts";
import { combineMeans, SegmentMeter } from "./segment_meter.ts";
import type { SplitMetrics } from "./split_metrics.ts";
import type { Achieved } from "./targets.ts";

/** What an evaluation writes to. */
export interface EvalOutput {
  /** Console and text log. */
  readonly text: TextLog;
  /** JSON lines; undefined where nothing is written. */
  readonly json: JsonLog | undefined;
  /** Records for DLLogger; undefined where nothing is written. */
  readonly records: EvalDllRecords | undefined;
  /** Telemetry; undefined where none is exported. */
  readonly metrics: SplitMetrics | undefined;
}

/** Settings of an evaluation that all texts share. */
export interface ScoringSettings {
  /** Settings of the program. */
  readonly config: EvalConfig;
  /** Version of the reference. */
  readonly compat: Compat;
  /** Bits per character instead of perplexity. */
  readonly characters: boolean;
  /** Origin of the weights, for messages. */
  readonly source: string;
  /** The processes that share the batch. */
  readonly group: ProcessGroup;
  /** Batch columns of this process. */
  readonly columns: number;
  /** Lengths of all processes together. */
  readonly lengths: Lengths;
  /** Iterations that a benchmark does not count. */
  readonly skipped: number;
  /** Whether other texts are scored too. */
  readonly several: boolean;
  /** Lines and records. */
  readonly output: EvalOutput;
  /** Called with every segment of a text after its loss was read; every loss is read if given. */
  readonly onSegment?: ((batches: SegmentSource, index: number) => void) | undefined;
}

/** Result of one text. */
export interface ScoredStream {
  /** Mean loss in nats per token over all processes. */
  readonly lossNats: number;
  /** Latency and throughput; undefined where they are not measured. */
  readonly measured: MeasuredText | undefined;
  /** Name of the text. */
  readonly name: string;
  /** The scored segments of this process. */
  readonly units: readonly UnitLoss[];
}

/**
 * Scores a text as often as the flags say, writes its lines and records.
 *
 * @throws {DeviceError} when the loss is not finite
 * @throws {GroupError} when another rank has ended
 */
export async function scoreStream(
  evaluator: Evaluator,
  { name: split, tokens, raw, batches, warmupLen, sentences }: Stream,
  settings: ScoringSettings,
): Promise<ScoredStream> {
  const { config, compat, characters, source, group, columns, skipped } = settings;
  const { text, json, records, metrics } = settings.output;
  const { repeat, logInterval, saveData, percentiles } = config;
  const maxSegments = config.maxSize ?? undefined;
  const isTimed = isMeasured(config);
  const meter = new SegmentMeter(logInterval, columns);
  const latency = new LatencyMeter(columns, skipped);
  const own = await evaluateRepeatedly(evaluator, batches, {
    repeat,
    keepsMemory: COMPAT_RULES[compat].keepsMemoryAcrossRepetitions,
    readEvery: isTimed || settings.onSegment ? 1 : logInterval,
    ...(maxSegments !== undefined && { maxSegments }),
    async onSegment(segment, index) {
      latency.add(segment);
      settings.onSegment?.(batches, index);
      const means = meter.add(segment, index);
      if (means === undefined) return;
      const all = await combineMeans(group, means, columns);
      text.write(segmentLine(all, batches.batchCount));
      json?.write({ kind: "log", split, ...all });
      records?.segments(all);
    },
  });
  const { lossNats, elapsedMs, tokens: scored } = await combineResults(group, own);
  assertFiniteLoss(lossNats, split, source);
  metrics?.evaluation(split, { lossNats, elapsedMs, tokens: scored });
  const segments = own.segments.length;
  for (const line of resultLines({ split, lossNats, elapsedMs, segments, characters })) {
    text.result(line);
  }
  text.detail(scoredDetail({ tokens: scored, elapsedMs }));
  let measured: MeasuredText | undefined;
  if (isTimed) {
    const data = await latency.collect(group);
    measured = { name: split, ...data, summary: latencySummary(data, percentiles, compat) };
  }
  const summary = saveData ? measured?.summary : undefined;
  if (summary) { for (const line of latencyLines(summary)) text.result(line); }
  const cut = { ...settings.lengths, tokens, maxSegments };
  const coverage = batches instanceof SentenceBatches
    ? sentenceCoverageOf({ ...cut, sentences, scoredTokens: batches.scoredTokens })
    : coverageOf({ ...cut, warmupLen });
  text.write(coverageLine(split, coverage, COVERAGE_FLAGS));
  if (raw !== undefined) {
    text.result(`${split}: ${rawLossText(lossNats, tokens - sentences, raw)}`);
  }
  json?.write({
    ...{ kind: "result", split, lossNats, tokens: scored, elapsedMs, coverage },
    ...(raw && { raw, ...rawLoss(lossNats, tokens - sentences, raw) }),
    ...(summary && { latency: latencyFacts(summary) }),
  });
  records?.result({
    split: settings.several ? split : undefined,
    lossNats,
    latency: summary,
  });
  const units = own.segments.filter(({ scored }) => scored).map((segment): UnitLoss => {
    const tokens = segment.targetRows * columns;
    return { nats: segment.lossNats * tokens, tokens };
  });
  return { lossNats, measured, name: split, units };
}

/** What a text achieved, for targets. */
export function achievedBy(
  { lossNats, measured }: Pick<ScoredStream, "lossNats" | "measured">,
): Achieved {
  return { lossNats, tokensPerSecond: measured?.summary.tokensPerSecond };
}
