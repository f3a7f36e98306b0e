/**
 * Inspection of a model on a text: the loss of every token, how far every head looks into the memory,
 * and the loss by the length of the memory.
 *
 * @module
 */
import {
  Batches,
  type CacheChoice,
  type LengthSettings,
  type Model,
  type TokenSequence,
} from "@transformer-xl/model";
import { Evaluator } from "../evaluator.ts";
import { RankScorer } from "../scorers/rank_scorer.ts";
import { type TokenSymbols, TokenTable } from "../tokens/token_table.ts";
import { type EffectiveContext, effectiveContext, GAIN_MEASURES } from "./effective_context.ts";
import { type HeadDistances, headDistances } from "./head_distances.ts";
import { firstFull, type InspectionLengths } from "./lengths.ts";
import { type MemoryPoint, memoryPoint } from "./memory_curve.ts";

/** The text of an inspection. */
export interface InspectedText {
  /** Its name in results. */
  readonly name: string;
  /** Its tokens. */
  readonly ids: TokenSequence;
  /** Their symbols; undefined where ids have none. */
  readonly symbols: TokenSymbols | undefined;
}

/** Options of an inspection. */
export interface InspectOptions {
  /** Least relative gain of a step of the memory that counts, such as 0.01. */
  readonly threshold: number;
  /** What memory rows are kept as (default "auto": keys and values where they stay right). */
  readonly cache?: CacheChoice;
  /** Called after the tokens were scored, and after the distances of the heads were read. */
  readonly onPart?: (name: "surprise" | "heads") => void;
  /** Called with every point of the curve as soon as it is known. */
  readonly onPoint?: (point: MemoryPoint) => void;
}

/** What an inspection finds. */
export interface Inspection {
  /** Lengths. */
  readonly lengths: InspectionLengths;
  /** Scores of all tokens but the first, from an empty memory on. */
  readonly table: TokenTable;
  /** How far heads look. */
  readonly heads: HeadDistances;
  /** Loss by length of the memory, of the tokens that may see the largest memory full. */
  readonly curve: readonly MemoryPoint[];
  /** Effective context lengths by measure. */
  readonly contexts: readonly EffectiveContext[];
  /** Least relative gain of the effective lengths. */
  readonly threshold: number;
}

/**
 * Inspects a model. The text is one column, and begins with an empty memory; distances and curve count
 * the tokens whose segment begins after M rows.
 *
 * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
 * @throws {DeviceError} when memory is short
 */
export async function inspectModel(
  model: Model,
  { name, ids, symbols }: InspectedText,
  lengths: InspectionLengths,
  { threshold, cache = "auto", onPart, onPoint }: InspectOptions,
): Promise<Inspection> {
  const { tgtLen, memLen, memLens } = lengths;
  const segments = { batchSize: 1, tgtLen } satisfies LengthSettings;
  const batches = new Batches(ids, { ...segments, name });
  const options = { cache, from: firstFull(lengths) };
  const table = new TokenTable(name, ids, symbols);
  const scorer = await RankScorer.open(model, { ...segments, memLen }, { cache });
  using evaluator = new Evaluator(scorer);
  await evaluator.evaluate(batches, {
    onSegment: (_, index) => table.addSegment(batches, index, scorer.scores),
  });
  onPart?.("surprise");
  const heads = await headDistances(model, batches, { ...segments, memLen }, options);
  onPart?.("heads");
  const curve: MemoryPoint[] = [];
  for (const memLen of memLens) {
    const point = await memoryPoint(model, batches, { ...segments, memLen }, options);
    curve.push(point);
    onPoint?.(point);
  }
  const contexts = GAIN_MEASURES.map((measure) => effectiveContext(curve, measure, threshold));
  return { lengths, table, heads, curve, contexts, threshold };
}
