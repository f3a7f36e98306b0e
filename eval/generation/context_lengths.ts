/**
 * The lengths of generation, unless they are given: tokens see as much context as in training.
 *
 * @module
 */
import { lengthValue, type ModelCheckpoint, rowsValue } from "@transformer-xl/model";
import { z } from "zod";

/** Rows of memory for a model without a record of its training, those of an evaluation. */
const MEM_LEN = 640;

const trainedLengths = z.object({
  config: z.object({ tgtLen: lengthValue, memLen: rowsValue }),
});

/** Rows of a decoder. */
export interface ContextLengths {
  /** M: rows of memory. */
  readonly memLen: number;
  /** Rows of a prompt that are read at once. */
  readonly segmentLen: number;
}

/**
 * Lengths with which a token sees the longest context of training: what the last token of a segment
 * saw. Segment and memory share the rows of learned positions; neither takes more than half of them
 * from the other.
 *
 * @param tgtLen most rows of a prompt that are read at once
 */
export function contextLengths(
  { config, trained: record }: Pick<ModelCheckpoint, "config" | "trained">,
  tgtLen: number,
): ContextLengths {
  const { positionRows } = config;
  if (positionRows > 0) {
    const segmentLen = Math.min(tgtLen, Math.ceil(positionRows / 2));
    return { segmentLen, memLen: Math.max(1, positionRows - segmentLen) };
  }
  const trained = trainedLengths.safeParse(record);
  if (!trained.success) return { segmentLen: tgtLen, memLen: MEM_LEN };
  const { config: lengths } = trained.data;
  return { segmentLen: tgtLen, memLen: Math.max(1, lengths.tgtLen + lengths.memLen - 1) };
}
