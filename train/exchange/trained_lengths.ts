/**
 * The lengths of training, from the record in a checkpoint.
 *
 * @module
 */
import { type Lengths, lengthValue, type ModelCheckpoint, rowsValue } from "@transformer-xl/model";
import { z } from "zod";

const record = z.object({
  config: z.object({ tgtLen: lengthValue, extLen: rowsValue, memLen: rowsValue }),
});

/** Rows of targets, extended context and memory in training; undefined for weights alone. */
export function trainedLengths(
  { training }: Pick<ModelCheckpoint, "training">,
): Omit<Lengths, "batchSize"> | undefined {
  return record.safeParse(training).data?.config;
}
