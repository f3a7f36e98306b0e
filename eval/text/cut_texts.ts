/**
 * The batches of an evaluation: its texts cut into columns and segments of lengths that suit them.
 *
 * @module
 */
import {
  Batches,
  cacheOf,
  COMPAT_RULES,
  type Lengths,
  type MemoryContent,
  type ModelConfig,
  type SegmentSource,
  SentenceBatches,
  sentenceCount,
  type TokenSequence,
} from "@transformer-xl/model";
import type { ProcessGroup } from "@transformer-xl/runtime";
import {
  checkMeasured,
  checkScored,
  checkTables,
  type EvalConfig,
  lengthsOf,
  warmupRows,
} from "../config.ts";
import { skippedIterations } from "../latency/latency_meter.ts";
import { fitLengths, type FitSettings } from "../settings/fit_lengths.ts";
import type { RawSize } from "./raw_size.ts";
import type { ScoredText } from "./scored_text.ts";

/** A text in segments. */
export interface Stream {
  /** Name in results. */
  readonly name: string;
  /** Tokens of the whole text. */
  readonly tokens: number;
  /** Size of the raw text; undefined where it is not known. */
  readonly raw: RawSize | undefined;
  /** Its tokens. */
  readonly ids: TokenSequence;
  /** Segments of this process. */
  readonly batches: SegmentSource;
  /** Rows that fill the memory before scoring starts. */
  readonly warmupLen: number;
  /** Sentences that the text consists of, whose first tokens are not scored; 0 for a text in order. */
  readonly sentences: number;
}

/** All texts in segments. */
export interface CutTexts {
  /** The texts. */
  readonly streams: readonly Stream[];
  /** Lengths of all processes together. */
  readonly lengths: Lengths;
  /** What memory rows are kept as. */
  readonly cache: MemoryContent;
  /** Iterations that a benchmark does not count. */
  readonly skipped: number;
  /** Tokens of the shortest text, to which default lengths are reduced. */
  readonly tokens: number;
}

/**
 * Cuts the texts.
 *
 * @param options.given lengths that the user gave, which stay
 * @throws {ConfigError} when nothing would be scored or measured, a table is too short, or keys
 * of memory rows are asked for and do not stay right
 * @throws {DataError} when a text is too short
 */
export function cutTexts(
  texts: readonly ScoredText[],
  config: EvalConfig,
  { compat, ...model }: ModelConfig,
  { group: { rank, size }, given }: {
    readonly group: ProcessGroup;
    readonly given: FitSettings["given"];
  },
): CutTexts {
  const tokens = Math.min(...texts.map(({ ids }) => ids.length));
  const isOrdered = texts.some(({ sentences }) => sentences === undefined);
  const warms = isOrdered && warmupRows(config, compat) > 0;
  const lengths = fitLengths(lengthsOf(config), { tokens, processes: size, warms, given });
  checkTables({ compat, ...model }, lengths);
  const cache = cacheOf(model, lengths, config.cache);
  const { tgtLen, memLen } = lengths;
  const warmupLen = warmupRows({ ...config, memLen }, compat);
  if (isOrdered) checkScored({ ...config, tgtLen, memLen }, compat);
  const skipped = skippedIterations(lengths, compat);
  const streams = texts.map(({ name, ids, whole, raw, sentences }) => {
    const settings = { ...lengths, name, rank, ranks: size };
    const isShortest = whole && isShort(ids, lengths, warmupLen);
    const warmup = isShortest || sentences !== undefined ? 0 : warmupLen;
    const keepsLast = COMPAT_RULES[compat].keepsSentences;
    const batches = sentences === undefined
      ? new Batches(ids, { ...settings, warmupLen: warmup })
      : new SentenceBatches(sentences, { ...settings, keepsLast });
    checkMeasured(config, { name, segments: batches.segmentCount, skipped });
    const stream = { name, tokens: ids.length, ids, raw, batches, warmupLen: warmup };
    return { ...stream, sentences: sentences === undefined ? 0 : sentenceCount(sentences) };
  });
  return { streams, lengths, cache, skipped, tokens };
}

/** Whether a text would only fill the memory; like a sentence, it is scored from its start. */
function isShort(ids: TokenSequence, { batchSize, tgtLen }: Lengths, warmupLen: number): boolean {
  const warmup = Math.ceil(warmupLen / tgtLen) * tgtLen;
  return Math.floor(ids.length / batchSize) <= warmup;
}
