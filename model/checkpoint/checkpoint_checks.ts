/**
 * Consistency checks of a checkpoint, on its header and before any allocation: the model
 * configuration against names, shapes and types of the tensors, and the vocabulary against both.
 *
 * @module
 */
import {
  CheckpointError,
  DataError,
  JsonFault,
  type JsonLimits,
  type Need,
  oneLine,
  ParameterStore,
  parseGuardedJson,
  PORTABLE_LIMITS,
  quoted,
  type SafetensorsDtype,
  type SafetensorsReader,
  type Shape,
} from "@transformer-xl/runtime/core";
import { type OptimizerDefinition, OPTIMIZERS } from "@transformer-xl/kernels";
import type { z } from "zod";
import { assertCutoffs } from "../text/vocabulary/cutoffs.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";
import { vocabularyFromJSON } from "../text/vocabulary/vocabulary_from_json.ts";
import { clustersOf } from "../vocabulary/clusters.ts";
import { type ModelConfig, modelConfigSchema } from "../config.ts";
import { TransformerXL } from "../transformer_xl.ts";

/** Bounds of the JSON in the metadata. */
const METADATA_LIMITS: JsonLimits = { depth: 8, values: 100_000 };

/** Declares a model without splitting tables. */
const UNLIMITED = { ...PORTABLE_LIMITS, maxBindingBytes: Infinity, maxBufferBytes: Infinity };

/** Name of the tensor that holds the vocabulary. */
export const VOCABULARY = "vocabulary";

/** Optimizer state stored for every weight. */
const OPTIMIZER_STATE = /^optimizer\.\w+\//;
const OTHER_STATE = /^(?:optimizer\.\w+|memory\.\d+)$/;

/** Whether a tensor holds averages or sums of squared gradients. */
export function isOfSquares(name: string): boolean {
  const state = /^optimizer\.(\w+)\//.exec(name)?.[1];
  const definitions: readonly OptimizerDefinition[] = Object.values(OPTIMIZERS);
  return state !== undefined && definitions.some(({ squares }) => squares.includes(state));
}

/** The error that rejects a file. */
export function unusable(
  path: string,
  problem: string,
  cause?: unknown,
  need?: Need,
): CheckpointError {
  return new CheckpointError(`Cannot use ${quoted(path)}: ${oneLine(problem, 240)}`, {
    cause,
    need,
  });
}

/**
 * A JSON document in the metadata of a file.
 *
 * @throws {CheckpointError} When it is missing, not JSON, too deep or too long
 */
export function metadataJson(
  { path, metadata }: Pick<SafetensorsReader, "path" | "metadata">,
  key: string,
): unknown {
  const text = metadata[key];
  if (text === undefined) throw unusable(path, `its metadata has no "${key}"; use another copy`);
  try {
    return parseGuardedJson(text, METADATA_LIMITS);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw unusable(path, `its metadata "${key}" ${error.message}; use another copy`, error);
  }
}

/** The first problem of a record, in one sentence. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const field = quoted(issue?.path.map(String).join(".") ?? "", 60);
  return `${field} is wrong (${oneLine(issue?.message ?? "unknown", 120)})`;
}

/**
 * The model configuration of a file, checked against its tensors.
 *
 * @throws {CheckpointError} When the configuration is impossible or does not match the tensors
 */
export function checkedModel(file: SafetensorsReader): ModelConfig {
  const { path } = file;
  const parsed = modelConfigSchema.safeParse(metadataJson(file, "model"));
  if (!parsed.success) {
    throw unusable(path, `in its model, ${firstIssue(parsed.error)}; use another copy`);
  }
  const config = parsed.data;
  const problem = contradiction(config, file.names.length);
  if (problem !== undefined) throw unusable(path, `in its model, ${problem}; use another copy`);
  checkTensors(file, config);
  return config;
}

/** The first contradiction of a model configuration that is stored with `tensors` tensors. */
export function contradiction(config: ModelConfig, tensors: number): string | undefined {
  const { nLayer, nToken, cutoffs, tieProjs } = config;
  if (nLayer > tensors) return `nLayer is ${nLayer}, but the file has only ${tensors} tensors`;
  if (nToken > 2 ** 32) return `nToken is ${nToken}, but ids are below 2^32`;
  try {
    assertCutoffs(cutoffs, nToken, { emptyLast: config.divVal === 1 });
  } catch {
    return `cutoffs are [${oneLine(cutoffs.join(), 60)}], but must increase below nToken ${nToken}`;
  }
  if (tieProjs.length !== cutoffs.length + 1) {
    return `tieProjs has ${tieProjs.length} entries for ${cutoffs.length + 1} clusters`;
  }
  const narrow = clustersOf(config).findIndex(({ width }) => width < 1);
  if (narrow >= 0) return `cluster ${narrow} would have no width, dEmbed is ${config.dEmbed}`;
}

/** Compares names, types and shapes with those that the model declares. */
function checkTensors(file: SafetensorsReader, config: ModelConfig): void {
  using declared = new ParameterStore();
  new TransformerXL(declared, config, UNLIMITED);
  const wanted = new Map<string, Shape>(
    declared.parameters.map(({ name, shape }) => [name, shape]),
  );
  for (const [name, shape] of wanted) checkWeight(file, name, shape);
  for (const name of file.names) {
    const weight = name.replace(OPTIMIZER_STATE, "");
    if (weight === name && wanted.has(name)) continue;
    if (wanted.has(weight)) checkFloats(file, name, wanted.get(weight)!);
    else if (name !== VOCABULARY && !OTHER_STATE.test(name)) {
      throw unusable(file.path, `tensor ${quoted(name, 80)} does not belong to its model`);
    }
  }
}

/** Names of the weights in a file, in the order of the file. */
export function weightNames({ names }: Pick<SafetensorsReader, "names">): string[] {
  return names.filter((name) =>
    name !== VOCABULARY && !OPTIMIZER_STATE.test(name) && !OTHER_STATE.test(name)
  );
}

/** Types of the numbers of training. */
const FULL_PRECISION: readonly SafetensorsDtype[] = ["F32", "F64"];

/**
 * Checks that a file has a weight of a shape, in half precision or more.
 *
 * @throws {CheckpointError} When it has not
 */
export function checkWeight(file: SafetensorsReader, name: string, shape: Shape): void {
  checkFloats(file, name, shape, ["F16", ...FULL_PRECISION]);
}

/**
 * Checks that a file has a tensor of float32 or float64 numbers of a shape.
 *
 * @param dtypes other types than these two
 * @throws {CheckpointError} When it has not
 */
export function checkFloats(
  file: SafetensorsReader,
  name: string,
  shape: Shape,
  dtypes: readonly SafetensorsDtype[] = FULL_PRECISION,
): void {
  const dtype = file.has(name) ? file.dtype(name) : undefined;
  const stored = dtype === undefined
    ? "missing"
    : `${dtype} [${oneLine(file.shape(name).join(), 60)}]`;
  if (dtype !== undefined && dtypes.includes(dtype) && stored === `${dtype} [${shape}]`) return;
  throw unusable(
    file.path,
    `tensor ${quoted(name, 80)} is ${stored}, its model wants F32 [${shape}]; use another copy`,
  );
}

/**
 * The vocabulary of a file.
 *
 * @throws {CheckpointError} When it is missing, damaged, or not of the model's size
 */
export async function checkedVocabulary(
  file: SafetensorsReader,
  { nToken }: ModelConfig,
): Promise<Vocabulary> {
  const { path } = file;
  if (!file.has(VOCABULARY) || file.dtype(VOCABULARY) !== "U8") {
    throw unusable(path, "it has no vocabulary of U8 characters; use another copy");
  }
  return await vocabularyOfJson(path, await file.tensor(VOCABULARY, "U8"), { nToken });
}

/**
 * A vocabulary from its JSON in a file.
 *
 * @throws {CheckpointError} When it is damaged, or not of the model's size
 */
export async function vocabularyOfJson(
  path: string,
  json: string | Uint8Array,
  { nToken }: Pick<ModelConfig, "nToken">,
): Promise<Vocabulary> {
  const problem = (sentence: string, cause?: unknown) =>
    unusable(path, `its vocabulary ${sentence}; use another copy`, cause);
  let vocabulary: Vocabulary;
  try {
    const record = parseGuardedJson(json, { depth: 3, values: nToken + 100 });
    vocabulary = await vocabularyFromJSON(record);
  } catch (error) {
    if (error instanceof JsonFault) throw problem(error.message, error);
    if (error instanceof DataError) {
      throw problem(`is wrong: ${oneLine(error.message, 160)}`, error);
    }
    throw error;
  }
  if (vocabulary.size !== nToken) {
    throw problem(`has ${vocabulary.size} symbols, its model is for ${nToken}`);
  }
  return vocabulary;
}
