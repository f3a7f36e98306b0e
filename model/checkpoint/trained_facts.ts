/**
 * Facts of training that weights alone keep: the data set and the lengths, which evaluation and
 * generation continue with.
 *
 * @module
 */
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { lengthValue, rowsValue } from "../settings/bounds.ts";
import { DATASET_CHOICES, datasetOf } from "../text/data_sets.ts";
import type { ModelCheckpoint } from "./checkpoint.ts";

const schema = z.object({
  config: z.object({
    dataset: z.enum(DATASET_CHOICES),
    data: pathValue.nullable(),
    tgtLen: lengthValue,
    extLen: rowsValue,
    memLen: rowsValue,
  }),
});

/** Data set and lengths of training. */
export type TrainedFacts = z.infer<typeof schema>["config"];

/** Facts of training in a checkpoint; undefined if it has none. */
export function trainedFacts(
  { trained }: Pick<ModelCheckpoint, "trained">,
): TrainedFacts | undefined {
  return schema.safeParse(trained).data?.config;
}

/**
 * The record of these facts for weights alone. The path of the text is left out: it is about a machine,
 * and such files are passed on.
 */
export function trainedRecord(
  checkpoint: Pick<ModelCheckpoint, "trained">,
): { readonly config: TrainedFacts } | undefined {
  const facts = trainedFacts(checkpoint);
  return facts && { config: { ...facts, dataset: datasetOf(facts), data: null } };
}
