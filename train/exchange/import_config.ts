/**
 * The flags of `deno task import`.
 *
 * @module
 */
import { COMPATS, DATASETS, lengthValue, modelFields, rowsValue } from "@transformer-xl/model";
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";

const files = { group: "Files" } as const;
const model = { group: "What a file may not tell" } as const;

const { nHead, cutoffs, preLnorm, sameLength, clampLen, dropout, dropatt } = modelFields;

/** Schema of the flags. */
export const importSchema = z.strictObject({
  workDir: pathValue.nullable().default(null)
    .describe("Folder of the checkpoint that is written")
    .meta({ ...files, metavar: "DIR" }),
  overwrite: z.boolean().default(false).describe("Replace the checkpoints of a run in it")
    .meta(files),
  vocabFile: pathValue.nullable().default(null)
    .describe(
      "Vocabulary: vocab.bin or vocab.pkl of Hugging Face, cache.pt of the authors, or words by lines",
    )
    .meta({ ...files, metavar: "FILE" }),
  lowerCase: z.boolean().default(false).describe("Texts are lower-cased, for words by lines")
    .meta(files),
  sourceConfig: pathValue.nullable().default(null)
    .describe("config.json of a model of Hugging Face; none: the one beside it")
    .meta({ ...files, metavar: "FILE" }),

  compat: z.enum(COMPATS).nullable().default(null)
    .describe("Version that the model follows; none: that of its layout")
    .meta(model),
  nHead: nHead.unwrap().nullable().default(null).describe(
    "Attention heads; none: those of the file",
  ).meta(model),
  cutoffs: cutoffs.unwrap().default([])
    .describe("Cluster cutoffs of the adaptive softmax; default: those of the file")
    .meta(model),
  preLnorm: preLnorm.unwrap().nullable().default(null)
    .describe("Layer norm before each sublayer instead of after; none: as in the file").meta(model),
  sameLength: sameLength.unwrap().nullable().default(null)
    .describe("Attend to the same number of keys from every position; none: as in the file").meta(
      model,
    ),
  clampLen: clampLen.unwrap().nullable().default(null)
    .describe("Clamp relative distances to this value; -1: no clamping; none: as in the file").meta(
      model,
    ),
  dataset: z.enum(DATASETS).nullable().default(null)
    .describe(
      "Data set of its training, which decides how typed text is prepared; none: that of the file, else text",
    )
    .meta(model),
  tgtLen: lengthValue.nullable().default(null).describe(
    "Segment length of its training; none: that of the file",
  )
    .meta(model),
  memLen: rowsValue.nullable().default(null).describe(
    "Memory length of its training; none: that of the file",
  ).meta(model),
  dropout: dropout.unwrap().nullable().default(null)
    .describe("Dropout rate of further training; none: that of the file, else 0").meta(model),
  dropatt: dropatt.unwrap().nullable().default(null)
    .describe("Dropout rate of attention probabilities; none: that of the file, else 0")
    .meta(model),
});

/** Values of the flags. */
export type ImportFlags = z.output<typeof importSchema>;
