/**
 * Records of an evaluation for DLLogger: names and steps are the reference's.
 *
 * @module
 */
import type { DllData, DllLog } from "@transformer-xl/runtime";
import type { LatencySummary } from "../latency/latency_meter.ts";
import { perplexity } from "../metrics.ts";
import type { SegmentMeans } from "./segment_meter.ts";

const UNITS: readonly (readonly [metric: string, unit: string | null])[] = [
  ["eval_latency", "ms"],
  ["eval_throughput", "tokens/s"],
  ["eval_loss", null],
  ["eval_perplexity", null],
  ["eval_ppl", null],
  ["eval_avg_latency", "ms"],
];

/** The result of one text. */
export interface EvalSummary {
  /** Name of the text, where several are scored. */
  readonly split: string | undefined;
  /** Mean loss in nats per token. */
  readonly lossNats: number;
  /** Latency and throughput; undefined where they are not measured. */
  readonly latency: LatencySummary | undefined;
}

/** Writer of the records. */
export class EvalDllRecords {
  readonly #log: DllLog;

  constructor(log: DllLog) {
    this.#log = log;
  }

  /** Writes the settings, by flag, and the units. */
  begin(settings: DllData): void {
    this.#log.write("PARAMETER", settings);
    for (const [metric, unit] of UNITS) this.#log.metadata(metric, { unit });
  }

  /** Writes a log line. */
  segments({ step, lossNats, msPerBatch, tokensPerSecond }: SegmentMeans): void {
    this.#log.write([step], {
      eval_latency: msPerBatch,
      eval_throughput: tokensPerSecond,
      eval_loss: lossNats,
      eval_perplexity: perplexity(lossNats),
    });
  }

  /** Writes the result of a text. */
  result({ split, lossNats, latency }: EvalSummary): void {
    this.#log.write([], {
      ...(split !== undefined && { eval_split: split }),
      eval_loss: lossNats,
      eval_ppl: perplexity(lossNats),
      ...(latency && {
        eval_throughput: latency.tokensPerSecond,
        eval_avg_latency: latency.meanMs,
        ...Object.fromEntries(
          [...latency.percentilesMs].map(([percent, ms]) => [`eval_${percent}%_latency`, ms]),
        ),
      }),
    });
  }
}
