/**
 * The model section of the configuration: flags, defaults and checks, and the resolved model
 * configuration that a checkpoint stores. Flag names and defaults are NVIDIA's.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime/core";
import { z } from "zod";
import { COMPAT_RULES, COMPATS, storedCompat } from "./settings/compat.ts";
import {
  MAX_CUTOFFS,
  MAX_LAYERS,
  MAX_LENGTH,
  MAX_RATE,
  MAX_VOCABULARY,
  MAX_WIDTH,
  widthValue,
} from "./settings/bounds.ts";

const model = { group: "Model" } as const;
const positive = z.int().positive();
const rate = z.number().min(0).lt(1);

/** Distributions of initial weights. */
const INITS = ["normal", "uniform"] as const;

/** Values of `--attn_type` that `attention/kinds.ts` has a kind for. */
const ATTENTION_TYPES = [0, 1, 2, 3] as const;

/** Type of attention. */
export type AttentionType = (typeof ATTENTION_TYPES)[number];

/** Fields of the model section of a command line. */
export const modelFields = {
  compat: z.enum(COMPATS).default("none")
    .describe(
      "none: as the papers mean it; head: exactly as the reference (2023); 2019: its first release",
    )
    .meta({ group: "General" }),
  nLayer: z.int().min(1).max(MAX_LAYERS).default(16).describe("Decoder layers").meta(model),
  nHead: widthValue.default(8).describe("Attention heads").meta(model),
  dHead: widthValue.default(64).describe("Dimension of each head").meta(model),
  dEmbed: z.int().min(-1).max(MAX_WIDTH).default(-1).describe("Embedding dimension; -1: --d_model")
    .meta(model),
  dModel: widthValue.default(512).describe("Model dimension, even").meta(model),
  dInner: widthValue.default(2048).describe("Inner dimension of the feed-forward layers").meta(
    model,
  ),
  dropout: rate.default(0.1).describe("Dropout rate of embeddings, sublayers and output").meta(
    model,
  ),
  dropatt: rate.default(0).describe("Dropout rate of attention probabilities").meta(model),
  preLnorm: z.boolean().default(false).describe(
    "Apply layer norm before each sublayer instead of after",
  )
    .meta(model),
  attnType: z.literal(ATTENTION_TYPES).default(0).describe(
    "Attention: 0 relative, 1 learned relative, 2 sinusoids at the input, 3 learned in every layer",
  )
    .meta(model),
  untieR: z.boolean().default(false).describe(
    "Separate biases r_w_bias and r_r_bias in every layer, with --attn_type 0",
  )
    .meta(model),
  notTied: z.boolean().default(false).describe("Do not tie the softmax weights to the embedding")
    .meta(model),
  clampLen: z.int().min(-1).max(MAX_LENGTH).default(-1).describe(
    "Clamp relative distances to this value; -1: no clamping",
  ).meta(
    model,
  ),
  sameLength: z.boolean().default(false).describe(
    "Attend to the same number of keys from every position",
  )
    .meta(model),
  adaptive: z.boolean().default(false).describe("Adaptive embedding and softmax").meta(model),
  cutoffs: z.array(z.int().min(1).max(MAX_VOCABULARY)).max(MAX_CUTOFFS).default([]).describe(
    "Cluster cutoffs of the adaptive softmax; default: those of the data set",
  ).meta(model),
  divVal: widthValue.default(1).describe(
    "Divisor of the embedding dimension from one cluster to the next",
  )
    .meta(model),
  init: z.enum(INITS).default("normal").describe(
    "Initialisation of weight matrices",
  )
    .meta(model),
  initRange: z.number().positive().max(MAX_RATE).default(0.1).describe(
    "Bound of the uniform initialisation",
  )
    .meta(model),
  initStd: z.number().positive().max(MAX_RATE).default(0.02).describe(
    "Standard deviation of the normal initialisation",
  )
    .meta(model),
  embInit: z.enum(INITS).nullable().default(null).describe(
    "Initialisation of embedding tables and untied softmax tables; none: --init",
  )
    .meta(model),
  embInitRange: z.number().positive().max(MAX_RATE).nullable().default(null).describe(
    "Bound of the uniform initialisation of these tables; none: --init_range",
  )
    .meta(model),
  projInitStd: z.number().positive().max(MAX_RATE).default(0.01).describe(
    "Standard deviation of the embedding projections",
  )
    .meta(model),
};

const modelSection = z.object(modelFields);

/** The model section of a configuration. */
export type ModelSection = z.infer<typeof modelSection>;

const { attnType: _, notTied: __, adaptive: ___, ...storedFields } = modelFields;

type StoredFields = typeof storedFields;

/** Settings stored in a checkpoint unchanged, without defaults. */
const requiredFields = Object.fromEntries(
  Object.entries(storedFields).map(([key, field]) => [key, field.unwrap()]),
) as { [Key in keyof StoredFields]: ReturnType<StoredFields[Key]["unwrap"]> };

/** Schema of the model configuration, stored in every checkpoint. */
export const modelConfigSchema = z.strictObject({
  nToken: positive,
  ...requiredFields,
  dModel: widthValue.refine((d) => d % 2 === 0, "must be even: sines and cosines share it"),
  dEmbed: widthValue,
  /** Per cluster: whether the softmax shares the projection of the embedding. */
  tieProjs: z.array(z.boolean()),
  tieWeight: z.boolean(),
  /** Kind of attention; relative attention in older checkpoints without this field. */
  attnType: modelFields.attnType,
  /** Separate biases in every layer; shared ones in older checkpoints without this field. */
  untieR: modelFields.untieR,
  /** Rows of the learned tables of attention types 1 and 3, a row per distance; 0: no such table. */
  positionRows: z.int().min(0).max(3 * MAX_LENGTH).default(0),
  compat: storedCompat,
  /** Initialisation of the tables; that of the matrices in older checkpoints without this field. */
  embInit: modelFields.embInit,
  /** Bound of the tables; that of the matrices in older checkpoints without this field. */
  embInitRange: modelFields.embInitRange,
}).refine(({ attnType, positionRows }) => hasTables(attnType) === positionRows > 0, {
  path: ["positionRows"],
  message: "must be above 0 for attention types 1 and 3, and 0 for the others",
});

/** Attention types with learned positions, in tables of `positionRows` rows. */
function hasTables(attnType: AttentionType): boolean {
  return attnType === 1 || attnType === 3;
}

/** Whether rows carry their position, counted from the newest row, instead of keys their distance. */
export function hasAbsolutePositions({ attnType }: Pick<ModelConfig, "attnType">): boolean {
  return attnType === 2 || attnType === 3;
}

/** The model configuration: everything that determines parameters and mathematics. */
export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** Lengths of a recording: they are not part of the model. */
export interface Lengths {
  /** B: batch columns. */
  readonly batchSize: number;
  /** T: target rows. */
  readonly tgtLen: number;
  /** E: rows of extended context in front of the targets. */
  readonly extLen: number;
  /** M: rows of memory. */
  readonly memLen: number;
}

/** Lengths as a caller gives them: without extended context and memory unless named. */
export type LengthSettings = Pick<Lengths, "batchSize" | "tgtLen"> & Partial<Lengths>;

/**
 * All lengths of a recording.
 *
 * @throws {ConfigError} when one is not a whole number, or too small
 */
export function allLengths(
  { batchSize, tgtLen, extLen = 0, memLen = 0 }: LengthSettings,
): Lengths {
  const lengths = { batchSize, tgtLen, extLen, memLen };
  for (const [name, length] of Object.entries(lengths)) {
    const least = name === "batchSize" || name === "tgtLen" ? 1 : 0;
    if (Number.isInteger(length) && length >= least) continue;
    throw new ConfigError(
      `Cannot record a model with ${name} ${length}: a whole number from ${least} on is expected`,
    );
  }
  return lengths;
}

/** A model section with the length of learned tables. */
export type SizedSection = ModelSection & {
  /** Rows of the tables of attention types 1 and 3: K of training, tgtLen + extLen + memLen. */
  readonly positionRows?: number | undefined;
};

/**
 * The model configuration for a vocabulary.
 *
 * @param cutoffs cluster bounds, used when `section.adaptive`
 * @param tieProjections whether the softmax's tails share the embedding's projections; the head
 * never does
 * @throws {ConfigError} when settings contradict each other
 */
export function resolveModel(
  section: SizedSection,
  nToken: number,
  cutoffs: readonly number[],
  tieProjections = true,
): ModelConfig {
  const { attnType, notTied, adaptive, ...stored } = modelSection.parse(section);
  const positionRows = hasTables(attnType) ? section.positionRows ?? 0 : 0;
  if (hasTables(attnType) && positionRows === 0) {
    throw new ConfigError(
      `Cannot build attention type ${attnType} without the length of its tables; give positionRows, ` +
        "the sum of tgtLen, extLen and memLen",
    );
  }
  if (stored.untieR && attnType !== 0) {
    throw new ConfigError(
      `Cannot use --untie_r with --attn_type ${attnType}: its biases are not shared by the layers; ` +
        "leave it out",
    );
  }
  const { dEmbed, dModel, divVal } = stored;
  if (!adaptive && stored.cutoffs.length > 0) {
    throw new ConfigError(
      `Cannot use --cutoffs ${
        stored.cutoffs.join(",")
      }: they need --adaptive; give it, or leave them out`,
    );
  }
  const bounds = adaptive ? [...cutoffs] : [];
  const width = dEmbed < 0 ? dModel : dEmbed;
  const smallest = Math.floor(width / divVal ** bounds.length);
  if (smallest < 1) {
    throw new ConfigError(
      `Cannot divide embedding width ${width} by ${divVal} for ${bounds.length} clusters: ` +
        "the last would be empty",
      { need: "a wider last cluster" },
    );
  }
  if (dModel % 2 !== 0) {
    throw new ConfigError(`Cannot use --d_model ${dModel}: it must be even`);
  }
  return {
    nToken,
    ...stored,
    dEmbed: width,
    cutoffs: bounds,
    tieProjs: [false, ...bounds.map(() => tieProjections)],
    tieWeight: !notTied,
    attnType,
    positionRows,
  };
}

/**
 * The model section of a configuration, from which {@link resolveModel} gives the same model for its
 * vocabulary, its cut-offs and its tied projections.
 */
export function sectionOf(config: ModelConfig): ModelSection {
  const { nToken: _nToken, tieProjs: _tieProjs, tieWeight, positionRows: _rows, ...stored } =
    config;
  return { ...stored, notTied: !tieWeight, adaptive: stored.cutoffs.length > 0 };
}

/**
 * The largest attended distance with `--same_length`; undefined without a limit.
 *
 * @param memLen rows of memory of the recording
 * @throws {ConfigError} when a token could not attend to itself
 */
export function maxDistanceOf(
  { sameLength, compat }: Pick<ModelConfig, "sameLength" | "compat">,
  memLen: number,
): number | undefined {
  if (!sameLength) return undefined;
  if (COMPAT_RULES[compat].seesWholeMemory) return memLen;
  if (memLen > 0) return memLen - 1;
  throw new ConfigError(
    "Cannot use the same length of --compat 2019 without memory: every key would be hidden",
    { need: "memory, or no same length" },
  );
}

/** K of a recording: rows of memory, extended context and targets. */
export function keysOf({ tgtLen, extLen, memLen }: Omit<Lengths, "batchSize">): number {
  return memLen + extLen + tgtLen;
}

/**
 * Refuses a recording whose keys need more rows than a table has where the reference fails.
 *
 * @throws {ConfigError} with the reference's tables, which have no row for every key
 */
export function expectRows(
  { attnType, positionRows, compat }: Pick<ModelConfig, "attnType" | "positionRows" | "compat">,
  lengths: Lengths,
): void {
  const K = keysOf(lengths);
  if (K <= positionRows || COMPAT_RULES[compat].extendsTables) return;
  throw new ConfigError(
    `Cannot use attention type ${attnType} of --compat ${compat} with ${K} rows of context: its ` +
      `tables have ${positionRows} rows`,
    { need: "a shorter context, or tables of the papers" },
  );
}

/**
 * Reads a model configuration from a checkpoint.
 *
 * @throws {ConfigError} naming the field that is wrong
 */
export function parseModelConfig(value: unknown): ModelConfig {
  const result = modelConfigSchema.safeParse(value);
  if (!result.success) {
    throw new ConfigError(`Cannot use model configuration: ${z.prettifyError(result.error)}`);
  }
  return result.data;
}
