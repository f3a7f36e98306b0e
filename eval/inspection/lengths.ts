/**
 * Lengths of an inspection: rows of a segment, and the lengths of the memory that are compared.
 *
 * @module
 */
import type { ModelCheckpoint } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import { contextLengths } from "../generation/context_lengths.ts";

/** Most rows of a segment unless they are given: few, so that most context is memory. */
const TGT_LEN = 16;

/** Steps of the memory unless their size is given. */
const STEPS = 8;

/** Most lengths of the memory, each of which reads the whole text. */
const MAX_LENGTHS = 100;

/** Lengths as given; null where they are not. */
export interface GivenLengths {
  /** Rows of a segment. */
  readonly tgtLen: number | null;
  /** Rows of memory. */
  readonly memLen: number | null;
  /** Rows between two lengths of the memory. */
  readonly memStep: number | null;
}

/** Lengths of an inspection. */
export interface InspectionLengths {
  /** T: rows of a segment. */
  readonly tgtLen: number;
  /** M: rows of the largest memory. */
  readonly memLen: number;
  /** Lengths of the memory from 0 to M, increasing. */
  readonly memLens: readonly number[];
}

/**
 * The lengths for a text. By default the last token of a segment sees as many rows as in training, and
 * a short text is cut into segments and memory such that half of its tokens see a full memory.
 *
 * @param tokens of the text, at least 2
 * @throws {ConfigError} when the memory would never be full, or it has too many lengths
 */
export function inspectionLengths(
  given: GivenLengths,
  tokens: number,
  checkpoint: Pick<ModelCheckpoint, "config" | "trained">,
): InspectionLengths {
  const targets = tokens - 1;
  const rows = trainedRows(checkpoint);
  const quarter = Math.floor(Math.min(targets, rows) / 4);
  const tgtLen = given.tgtLen ?? Math.max(1, Math.min(TGT_LEN, quarter));
  const most = Math.floor(targets / 2 / tgtLen) * tgtLen;
  const memLen = given.memLen ?? Math.min(Math.max(1, rows - tgtLen), most);
  const filled = firstFull({ tgtLen, memLen });
  if (filled >= targets) {
    throw new ConfigError(
      `Cannot inspect a text of ${tokens} tokens over ${memLen} rows of memory in segments of ` +
        `${tgtLen}: its first ${filled} tokens only fill the memory`,
      { need: "more text or a shorter memory" },
    );
  }
  const step = given.memStep ?? Math.max(1, Math.ceil(memLen / STEPS));
  const lengths = 1 + Math.ceil(memLen / step);
  if (lengths > MAX_LENGTHS) {
    throw new ConfigError(
      `Cannot inspect ${lengths} lengths of the memory, from 0 to ${memLen} rows by ${step}: the text ` +
        `is read once for each, at most ${MAX_LENGTHS} times`,
      { need: "longer steps of the memory" },
    );
  }
  const memLens = Array.from({ length: lengths }, (_, i) => Math.min(i * step, memLen));
  return { tgtLen, memLen, memLens };
}

/** The first row of the first segment that sees a full memory. */
export function firstFull({ tgtLen, memLen }: Omit<InspectionLengths, "memLens">): number {
  return Math.ceil(memLen / tgtLen) * tgtLen;
}

/** Rows that a token saw in training at most, itself included. */
function trainedRows(checkpoint: Pick<ModelCheckpoint, "config" | "trained">): number {
  const { memLen, segmentLen } = contextLengths(checkpoint, 1);
  return memLen + segmentLen;
}
