/**
 * Default lengths adapted to lines: no more columns than lines, no longer segments and memory than
 * lines need. Results do not change by it, only the time.
 *
 * @module
 */
import { cacheOf, type Lengths, type ModelConfig } from "@transformer-xl/model";
import { checkTables, type EvalConfig, lengthsOf } from "../config.ts";
import type { CutTexts } from "../text/cut_texts.ts";
import type { ScoredText } from "../text/scored_text.ts";

/** Constraints of the lengths. */
export interface LineFit {
  /** Lines. */
  readonly lines: number;
  /** Tokens of the longest line. */
  readonly longest: number;
  /** Lengths that the user gave, which stay. */
  readonly given: ReadonlySet<keyof Lengths>;
  /** The model: with learned positions or the same length everywhere, memory stays. */
  readonly model: Pick<ModelConfig, "sameLength" | "positionRows">;
}

/** Lengths for lines. */
export function lineLengths(
  { batchSize, tgtLen, extLen, memLen }: Lengths,
  { lines, longest, given, model }: LineFit,
): Lengths {
  const rows = Math.max(1, longest - 1);
  const keeps = model.sameLength || model.positionRows > 0;
  const T = given.has("tgtLen") || keeps ? tgtLen : Math.min(tgtLen, rows);
  const needed = (Math.ceil(rows / T) - 1) * T;
  return {
    batchSize: given.has("batchSize") ? batchSize : Math.min(batchSize, Math.max(1, lines)),
    tgtLen: T,
    extLen,
    memLen: given.has("memLen") || keeps ? memLen : Math.min(memLen, needed),
  };
}

/**
 * Lengths and memory for lines, in the form of texts that are cut into columns; there are none.
 *
 * @throws {ConfigError} when a table is too short, or keys of memory rows are asked for and do not
 * stay right
 */
export function fitLines(
  texts: readonly ScoredText[],
  config: EvalConfig,
  model: ModelConfig,
  given: LineFit["given"],
): CutTexts {
  const longest = texts.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const lengths = lineLengths(lengthsOf(config), { lines: texts.length, longest, given, model });
  checkTables(model, lengths);
  const cache = cacheOf(model, lengths, config.cache);
  return { streams: [], lengths, cache, skipped: 0, tokens: longest };
}
