/**
 * The training text of a checkpoint, from its training record.
 *
 * @module
 */
import {
  DATASET_CHOICES,
  firstIssue,
  type ModelCheckpoint,
  type TextSettings,
  unusable,
} from "@transformer-xl/model";
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** The settings of a training configuration that name its text; others are ignored. */
const trainedText = z.object({
  config: z.object({
    dataset: z.enum(DATASET_CHOICES),
    data: pathValue.nullable(),
  }),
});

/**
 * Data set and path of the text of training.
 *
 * @returns undefined for a file of weights that does not name it
 * @throws {CheckpointError} when the record does not name a text as training does
 */
export function trainedTextOf(
  { path, trained }: Pick<ModelCheckpoint, "path" | "trained">,
): Pick<TextSettings, "dataset" | "data"> | undefined {
  if (trained === null) return undefined;
  const result = trainedText.safeParse(trained);
  if (result.success) return result.data.config;
  throw unusable(
    path,
    `in its training state, ${firstIssue(result.error)}`,
    undefined,
    "the name of the text",
  );
}
