/**
 * What evaluation prints: the reference's lines.
 *
 * @module
 */
import type { EvalResult, SegmentLoss } from "./evaluator.ts";
import { bitsPerCharacter, mean, perplexity } from "./metrics.ts";

const RULE = "=".repeat(100);

/** Lines of a run of segments, one every `interval`. */
export class SegmentLines {
  readonly #interval: number;
  readonly #batchCount: number;
  readonly #batchSize: number;
  #pending: SegmentLoss[] = [];

  constructor(interval: number, batchCount: number, batchSize: number) {
    this.#interval = interval;
    this.#batchCount = batchCount;
    this.#batchSize = batchSize;
  }

  /** A line when one is due. */
  add(segment: SegmentLoss, index: number): string | undefined {
    this.#pending.push(segment);
    if ((index + 1) % this.#interval !== 0) return undefined;
    const losses = mean(this.#pending.map(({ lossNats }) => lossNats));
    const elapsedMs = this.#pending.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
    const rows = this.#pending.reduce((sum, { targetRows }) => sum + targetRows, 0);
    const count = this.#pending.length;
    this.#pending = [];
    return `| step ${String(index + 1).padStart(8)} | batches ${
      String(index + 1).padStart(6)
    } / ${this.#batchCount}` +
      ` | ms/batch ${(elapsedMs / count).toFixed(2).padStart(5)}` +
      ` | tok/s ${(rows * this.#batchSize / elapsedMs * 1000).toFixed(0).padStart(7)}` +
      ` | loss ${losses.toFixed(2).padStart(5)} | ppl ${perplexity(losses).toFixed(2).padStart(5)}`;
  }
}

/** The lines at the end of one part. */
export function resultLines(
  part: string,
  { lossNats, elapsedMs, segments }: EvalResult,
  characters: boolean,
): string[] {
  const unit = characters
    ? `bpc ${bitsPerCharacter(lossNats).toFixed(5).padStart(9)}`
    : `ppl ${perplexity(lossNats).toFixed(3).padStart(9)}`;
  return [
    `Time : ${(elapsedMs / 1000).toFixed(2)}s, ${
      (elapsedMs / segments.length).toFixed(2)
    }ms/segment`,
    RULE,
    `| ${part} loss ${lossNats.toFixed(2).padStart(5)} | ${part} ${unit} `,
    RULE,
  ];
}
