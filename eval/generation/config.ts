/**
 * The command line of generation.
 *
 * @module
 */
import { lengthValue, MAX_LENGTH } from "@transformer-xl/model";
import { ConfigError, pathValue, quoted } from "@transformer-xl/runtime";
import { z } from "zod";
import { evalSchema } from "../config.ts";
import { samplingFields } from "./sampling.ts";

const text = { group: "Text" } as const;
const lengths = { group: "Lengths" } as const;

/** Maximum number of samples, which are rows of one batch. */
const MAX_SAMPLES = 4096;

const {
  workDir,
  model,
  device,
  webgpu,
  fp16,
  fp16Sums,
  matrixUnits,
  cache,
  quiet,
  verbose,
  compat,
  clampLen,
} = evalSchema.shape;

/** The schema of `deno task generate`. */
export const generateSchema = z.strictObject({
  ...{ workDir, model, device, webgpu, fp16, fp16Sums, matrixUnits, cache, quiet, verbose, compat },

  prompt: z.array(z.string()).default([])
    .describe("Words to continue; -: standard input; none: the end of a line")
    .meta({ ...text, metavar: "TEXT" }),
  promptFile: pathValue.nullable().default(null).describe("Continue the text of this file")
    .meta({ ...text, metavar: "FILE" }),
  length: lengthValue.default(200).describe("Most tokens of a sample").meta(text),
  stop: z.array(z.string().min(1)).default([])
    .describe("Texts that end a sample before them").meta({ ...text, metavar: "TEXT ..." }),
  samples: z.int().min(1).max(MAX_SAMPLES).default(1)
    .describe("Samples side by side; the first is printed as it grows").meta(text),
  echo: z.boolean().default(true).describe("Print the prompt before its continuation").meta(text),
  detokenize: z.boolean().default(true)
    .describe("Join WikiText's marks and punctuation to their words").meta(text),

  ...samplingFields,

  memLen: z.int().min(1).max(MAX_LENGTH).nullable().default(null)
    .describe("Memory length in tokens; none: the longest context of training").meta(lengths),
  tgtLen: lengthValue.default(64).describe("Most tokens of a prompt that are read at once")
    .meta(lengths),
  clampLen,
});

/** A checked configuration of generation. */
export type GenerateConfig = z.infer<typeof generateSchema>;

/**
 * Checks that one prompt is given.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkPrompt({ prompt, promptFile }: GenerateConfig): void {
  if (prompt.length === 0 || promptFile === null) return;
  throw new ConfigError(
    `Cannot continue --prompt and --prompt_file ${
      quoted(promptFile)
    } at once; leave one of them out`,
  );
}
