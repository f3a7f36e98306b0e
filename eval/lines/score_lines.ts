/**
 * Losses of lines, each scored apart.
 *
 * @module
 */
import { IGNORED } from "@transformer-xl/kernels";
import { isRanking, type Scorer } from "../scorers/scorer.ts";
import type { TokenTable } from "../tokens/token_table.ts";
import { lineBatches } from "./line_batches.ts";

/** Loss of one line. */
export interface LineLoss {
  /** Scored tokens: all but the first; 0 for a line without a second one. */
  readonly tokens: number;
  /** Their losses together, in nats. */
  readonly nats: number;
}

/** Losses of lines. */
export interface LineLosses {
  /** Every line, in order. */
  readonly lines: readonly LineLoss[];
  /** Segments that ran. */
  readonly segments: number;
  /** Wall time in milliseconds. */
  readonly elapsedMs: number;
}

/** Options of scoring lines. */
export interface ScoreLinesOptions {
  /** Filled with the scores of tokens, one per line, if the scorer ranks them. */
  readonly tables?: readonly TokenTable[];
  /** Whether only lines of equal length share a batch, see `LineLengths`. */
  readonly equal?: boolean;
}

/**
 * Scores lines, batched over the columns of a scorer. Every line starts from an empty memory and
 * carries it on over its own segments, so its loss is that of the line alone, within rounding.
 *
 * @param lines token ids of every line
 */
export async function scoreLines(
  scorer: Scorer,
  lines: readonly Uint32Array[],
  { tables = [], equal = false }: ScoreLinesOptions = {},
): Promise<LineLosses> {
  const startMs = performance.now();
  const losses = lines.map((ids) => ({ tokens: Math.max(0, ids.length - 1), nats: 0 }));
  let segments = 0;
  for (const batch of lineBatches(lines, { ...scorer.lengths, equal })) {
    scorer.reset();
    for (const segment of batch.segments()) {
      scorer.run(segment);
      await scorer.losses();
      const nats = await scorer.tokenLosses();
      const ranks = isRanking(scorer) ? scorer.scores.ranks : [];
      const { columns, targets, start } = segment;
      targets.forEach((target, i) => {
        if (target === IGNORED) return;
        const line = batch.lines[i % columns]!;
        losses[line]!.nats += nats[i]!;
        tables[line]?.set(start + 1 + Math.floor(i / columns), -nats[i]!, ranks[i] ?? 0);
      });
      segments++;
    }
  }
  return { lines: losses, segments, elapsedMs: performance.now() - startMs };
}
