/**
 * The memory of generation, unless its length is given: tokens see as much context as in training.
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

/**
 * Rows of memory with which a token sees the longest context of training: what the last token of a
 * segment saw, or the rows of learned positions.
 *
 * @param segmentLen tokens of a prompt that are read at once
 */
export function contextLength(
  { config, training }: Pick<ModelCheckpoint, "config" | "training">,
  segmentLen: number,
): number {
  const { positionRows } = config;
  if (positionRows > 0) return Math.max(1, positionRows - segmentLen);
  const trained = trainedLengths.safeParse(training);
  if (!trained.success) return MEM_LEN;
  const { tgtLen, memLen } = trained.data.config;
  return Math.max(1, tgtLen + memLen - 1);
}
