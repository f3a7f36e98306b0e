/**
 * The command line of inspection.
 *
 * @module
 */
import {
  COMPAT_RULES,
  lengthValue,
  type ModelConfig,
  rowsValue,
  stepsValue,
} from "@transformer-xl/model";
import { ConfigError, pathValue, quoted } from "@transformer-xl/runtime";
import { z } from "zod";
import { checkTables, type EvalConfig, evalSchema } from "../config.ts";
import type { InspectionLengths } from "./lengths.ts";

const text = { group: "Text" } as const;
const lengths = { group: "Lengths" } as const;

const { workDir, model, device, webgpu, fp16, fp16Sums, matrixUnits } = evalSchema.shape;
const { cache, quiet, verbose, compat } = evalSchema.shape;
const { clampLen, sameLength } = evalSchema.shape;
const { manual, manualFile, dataset, data } = evalSchema.shape;

/** Tokens that a page shows and a browser prints without trouble. */
const MAX_TOKENS = 5000;

/** The schema of `deno task inspect`. */
export const inspectSchema = z.strictObject({
  ...{ workDir, model, device, webgpu, fp16, fp16Sums, matrixUnits, cache, compat },
  quiet: quiet.describe("Print warnings, errors and results alone").meta({ group: "General" }),
  verbose: verbose.describe("Print environment, memory and time of the start too")
    .meta({ group: "General" }),
  to: pathValue.nullable().default(null)
    .describe("Page to write; none: inspection.html in --work_dir, or beside --model")
    .meta({ group: "General", metavar: "FILE" }),

  manual: manual.describe("Inspect these words instead of a data set; -: standard input")
    .meta({ ...text, metavar: "TEXT" }),
  manualFile: manualFile.describe("Inspect the text of this file as one sentence, like --manual")
    .meta({ ...text, metavar: "FILE" }),
  ...{ dataset, data },
  split: z.enum(["auto", "train", "valid", "test", "file"]).default("auto")
    .describe("Split to inspect; auto: valid, or a --data file whole; file: all of the text")
    .meta(text),
  maxTokens: stepsValue.min(2).default(MAX_TOKENS)
    .describe("Tokens to read from the start of the text").meta(text),

  tgtLen: lengthValue.nullable().default(null)
    .describe("Target tokens per segment; none: 16, or fewer for a short text or training on few")
    .meta(lengths),
  memLen: rowsValue.nullable().default(null).describe(
    "Largest memory in tokens; none: as many as tokens saw in training, or half of a short text",
  ).meta(lengths),
  memStep: lengthValue.nullable().default(null)
    .describe("Tokens from one memory length to the next; none: an eighth of the largest")
    .meta(lengths),
  threshold: z.number().gt(0).lt(1).default(0.01)
    .describe("Least relative gain in perplexity of a step within the effective context length")
    .meta(lengths),
  ...{ clampLen, sameLength },
});

/** A checked configuration of inspection. */
export type InspectConfig = z.infer<typeof inspectSchema>;

/**
 * Checks that one typed text is given, or none.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkInspected({ manual, manualFile }: InspectConfig): void {
  if (manual.length === 0 || manualFile === null) return;
  throw new ConfigError(
    `Cannot inspect --manual and --manual_file ${
      quoted(manualFile)
    } at once; leave one of them out`,
  );
}

/**
 * Checks that the model can be run with every length of the memory.
 *
 * @throws {ConfigError} for tables of the reference, which fit one length
 */
export function checkLengths(
  config: ModelConfig,
  { tgtLen, memLen, memLens }: InspectionLengths,
): void {
  const { attnType, positionRows, compat } = config;
  if (positionRows > 0 && memLens.length > 1 && !COMPAT_RULES[compat].extendsTables) {
    throw new ConfigError(
      `Cannot compare lengths of the memory with --attn_type ${attnType} and --compat ${compat}: its ` +
        "tables fit one length; use --compat none",
    );
  }
  checkTables(config, { batchSize: 1, tgtLen, extLen: 0, memLen });
}

/** The settings of evaluation that name the same text. */
export function textOf(config: InspectConfig): EvalConfig {
  const { manual, manualFile, dataset, data, split } = config;
  return evalSchema.parse({
    ...{ manual, manualFile, dataset, data },
    split: split === "auto" ? "all" : split,
  });
}
