/**
 * The number of tokens that an evaluation scores, and the reasons for the others.
 *
 * @module
 */

/** Division of a text for scoring. */
export interface CoverageSettings {
  /** Tokens of the text. */
  readonly tokens: number;
  /** Batch columns over all processes. */
  readonly batchSize: number;
  /** Rows per segment. */
  readonly tgtLen: number;
  /** Rows that fill the memory before scoring starts; 0 for none. */
  readonly warmupLen: number;
  /** Segments that run, warm-up included; all when undefined. */
  readonly maxSegments?: number | undefined;
}

/** Counts of a text's tokens by their use in an evaluation; they add up to `tokens`. */
export interface Coverage {
  /** Tokens of the text. */
  readonly tokens: number;
  /** Scored tokens. */
  readonly scored: number;
  /** First tokens of the columns, or of sentences, which have no context. */
  readonly first: number;
  /** Tokens that only fill the memory, in columns shorter than the memory. */
  readonly fill: number;
  /** Tokens after the last segment that runs. */
  readonly beyond: number;
  /** Remaining tokens, too few for another row. */
  readonly rest: number;
  /** Present for sentences in columns: what is left does not fill a batch. */
  readonly ofSentences?: true;
}

/** Division of sentences for scoring. */
export interface SentenceCoverageSettings
  extends Pick<CoverageSettings, "tokens" | "batchSize" | "tgtLen" | "maxSegments"> {
  /** Sentences of the text. */
  readonly sentences: number;
  /** Targets of all segments, over all processes. */
  readonly scoredTokens: number;
}

/** Counts the tokens of an evaluation of sentences, as `SentenceBatches` cuts them. */
export function sentenceCoverageOf(
  { tokens, sentences, scoredTokens, batchSize, tgtLen, maxSegments = Infinity }:
    SentenceCoverageSettings,
): Coverage {
  const scored = Math.min(scoredTokens, maxSegments * tgtLen * batchSize);
  return {
    ...{ tokens, scored, first: sentences, fill: 0 },
    beyond: scoredTokens - scored,
    rest: tokens - sentences - scoredTokens,
    ofSentences: true,
  };
}

/** Counts the tokens of an evaluation, as `Batches` cuts them. */
export function coverageOf(
  { tokens, batchSize, tgtLen, warmupLen, maxSegments }: CoverageSettings,
): Coverage {
  const columnRows = Math.floor(tokens / batchSize);
  const warmRows = Math.ceil(warmupLen / tgtLen) * tgtLen;
  const fillRows = Math.max(0, warmRows - columnRows);
  const rows = columnRows - 1 - fillRows;
  const ranRows = maxSegments === undefined ? rows : maxSegments * tgtLen - warmRows;
  const scoredRows = Math.max(0, Math.min(rows, ranRows));
  return {
    tokens,
    scored: scoredRows * batchSize,
    first: batchSize,
    fill: fillRows * batchSize,
    beyond: (rows - scoredRows) * batchSize,
    rest: tokens - columnRows * batchSize,
  };
}

/** Flags that {@link coverageLine} names. */
export interface CoverageFlags {
  /** Batch columns. */
  readonly batchSize: string;
  /** Memory. */
  readonly memLen: string;
  /** Segments that run. */
  readonly maxSegments: string;
}

/**
 * `valid: 90 of 100 tokens scored; not scored: ...`.
 *
 * @param split name of the text
 */
export function coverageLine(
  split: string,
  { tokens, scored, first, fill, beyond, rest, ofSentences }: Coverage,
  flags: CoverageFlags,
): string {
  const reasons = [
    `${first} first in a ${ofSentences ? "sentence" : "column"}, with nothing before ${
      first === 1 ? "it" : "them"
    }`,
    ...fill > 0
      ? [
        `${fill} to fill the memory, in columns shorter than the memory ` +
        `(lower ${flags.memLen} or ${flags.batchSize} to score them)`,
      ]
      : [],
    ...beyond > 0 ? [`${beyond} beyond ${flags.maxSegments}`] : [],
    ...rest > 0
      ? [`${rest} that do not fill a ${ofSentences ? "batch" : "row"} of all columns`]
      : [],
  ];
  return `${split}: ${scored} of ${tokens} tokens scored; not scored: ${reasons.join(", ")}`;
}
