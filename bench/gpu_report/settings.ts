/**
 * The flags of the report, and their training configuration.
 *
 * @module
 */
import { datasetOf, matrixUnitsValue, type ModelConfig } from "@transformer-xl/model";
import { ConfigError, HALF_SUMS, webGpuValue } from "@transformer-xl/runtime";
import {
  checkTrainConfig,
  PRESETS,
  publishedModel,
  type TrainConfig,
  trainSchema,
} from "@transformer-xl/train";
import { z } from "zod";

const size = (of: string) =>
  z.int().positive().nullable().default(null).describe(`${of}; none: as in the preset`);

/** Everything `bench/gpu_report/main.ts` accepts. */
export const reportSchema = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).default("wt103-base")
    .describe("Configuration that is measured"),
  batchSize: size("Batch columns, all in one chunk").describe(
    "Batch columns, all in one chunk; none: those of one chunk of the preset",
  ),
  tgtLen: size("Tokens predicted per segment"),
  memLen: size("Rows of memory"),
  fp16Sums: z.enum(HALF_SUMS).default("float32").describe("Sums of products of halves"),
  steps: z.int().min(2).default(20).describe("Steps that are timed, twice"),
  webgpu: webGpuValue,
  matrixUnits: matrixUnitsValue,
  save: z.boolean().default(false).describe("Append the results to a file in bench/results/"),
});

/** Checked flags. */
export type ReportFlags = z.infer<typeof reportSchema>;

/** A training run on text that is generated. */
export interface ReportRun {
  /** Settings of the run. */
  readonly config: TrainConfig;
  /** Its model. */
  readonly modelConfig: ModelConfig;
}

/** Columns of one chunk of the presets, with which a card of 16 GB trains them alone. */
const COLUMNS: Readonly<Record<string, number>> = { "wt103-base": 32, "wt103-large": 8 };

/**
 * The training run that flags stand for.
 *
 * @throws {ConfigError} when settings contradict each other
 */
export function reportRun(
  { preset, batchSize, tgtLen, memLen, steps }: Omit<
    ReportFlags,
    "save" | "webgpu" | "fp16Sums" | "matrixUnits"
  >,
  fp16: boolean,
): ReportRun {
  const named = trainSchema.parse(PRESETS[preset]!);
  const config: TrainConfig = {
    ...named,
    fp16,
    batchSize: batchSize ?? COLUMNS[preset] ?? named.batchSize,
    batchChunk: 1,
    tgtLen: tgtLen ?? named.tgtLen,
    evalTgtLen: tgtLen ?? named.tgtLen,
    memLen: memLen ?? named.memLen,
    logInterval: steps, // losses that the device keeps
    noEval: true,
    noTest: true,
  };
  checkTrainConfig(config);
  const modelConfig = publishedModel(config);
  if (modelConfig === undefined) {
    throw new ConfigError(
      `Cannot time --preset ${preset}: data set "${datasetOf(config)}" has no vocabulary size of ` +
        "its own; choose another preset",
    );
  }
  return { config, modelConfig };
}
