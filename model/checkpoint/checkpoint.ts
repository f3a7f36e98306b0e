/**
 * A model on disk: one safetensors file with the weights under the reference's names, the
 * vocabulary and the model configuration. Training state in the same file is ignored. Nothing in
 * the file is executed; it is verified against its checksum, if it has one, and checked for
 * consistency.
 *
 * @module
 */
import {
  type Device,
  type FlatBuffers,
  type HostArray,
  namedNonFinite,
  type ParameterLayout,
  parameterPieces,
  type ParameterStore,
  quoted,
  type SafetensorsReader,
  type SafetensorsSource,
  weightsOf,
  writeArrivingParameters,
  writeArrivingWeights,
} from "@transformer-xl/runtime/core";
import {
  checkedModel,
  checkedVocabulary,
  checkFloats,
  checkWeight,
  isOfSquares,
  metadataJson,
  unusable,
  VOCABULARY,
} from "./checkpoint_checks.ts";
import type { ModelConfig } from "../config.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";

const FORMAT = "transformer-xl";
const VERSION = "1";

/** An open checkpoint. */
export interface ModelCheckpoint extends Disposable {
  /** Path it was read from. */
  readonly path: string;
  /** The model. */
  readonly config: ModelConfig;
  /** Its symbols. */
  readonly vocabulary: Vocabulary;
  /** The training record; null in a file with weights only. */
  readonly training: unknown;
  /** The training record, or the facts of it that weights alone keep; null if there are none. */
  readonly trained: unknown;
  /** True if its checksum was verified; false if it has none. */
  readonly verified: boolean;
  /** The tensors. */
  readonly file: SafetensorsReader;
}

/**
 * Verifies a checkpoint and checks it against itself; its reader is closed where that fails.
 *
 * @throws {CheckpointError} when it is missing, damaged or inconsistent, holds non-finite numbers
 * or negative squares, or is not a checkpoint of this program
 */
export async function readCheckpoint(file: SafetensorsReader): Promise<ModelCheckpoint> {
  const { path } = file;
  try {
    const { hasChecksum, notFinite, negative } = await file.verify(isOfSquares);
    const { format, version } = file.metadata;
    if (format !== FORMAT || version !== VERSION) {
      throw unusable(
        path,
        `it is no checkpoint of this program (format ${quoted(format ?? "none", 40)}, version ` +
          `${quoted(version ?? "none", 40)}, wanted "${FORMAT}", "${VERSION}")`,
      );
    }
    const config = checkedModel(file);
    if (notFinite !== undefined) {
      throw unusable(
        path,
        `tensor ${quoted(notFinite, 80)} holds numbers that are not finite; use an earlier one`,
      );
    }
    if (negative !== undefined) {
      throw unusable(
        path,
        `tensor ${quoted(negative, 80)} of squares holds negative numbers; use another copy`,
      );
    }
    const record = (key: string) =>
      file.metadata[key] === undefined ? null : metadataJson(file, key);
    const training = record("training");
    return {
      path,
      file,
      verified: hasChecksum,
      config,
      vocabulary: await checkedVocabulary(file, config),
      training,
      trained: training ?? record("trained"),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The warning for a checkpoint without a checksum; otherwise undefined. */
export function unverifiedLine({ path, verified }: ModelCheckpoint): string | undefined {
  if (verified) return undefined;
  return `Not verified: ${
    quoted(path)
  } has no checksum, so damage to its numbers would go unnoticed`;
}

/**
 * Metadata of a checkpoint file; numbers in `training` that JSON lacks are written as names.
 *
 * @param training the training record
 * @param trained facts of it, in a file without
 */
export function checkpointMetadata(
  config: ModelConfig,
  training?: unknown,
  trained?: unknown,
): Record<string, string> {
  return {
    format: FORMAT,
    version: VERSION,
    model: JSON.stringify(config),
    ...(training !== undefined && { training: JSON.stringify(training, namedNonFinite) }),
    ...(trained !== undefined && { trained: JSON.stringify(trained) }),
  };
}

/** The vocabulary as a tensor: bytes of its JSON. */
export function vocabularySource(vocabulary: Vocabulary): SafetensorsSource {
  const values = new TextEncoder().encode(JSON.stringify(vocabulary));
  return { name: VOCABULARY, dtype: "U8", shape: [values.length], values };
}

/** Parameters of flat buffers, each under `prefix` + name, read piece by piece when written. */
export function parameterSources(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
  prefix: string,
  dtype: FloatDtype,
): SafetensorsSource[] {
  return parameterPieces(device, layout, buffers, dtype).map((
    { parameter: { name, shape }, pieces },
  ) => ({
    name: prefix + name,
    shape,
    dtype,
    values: pieces,
  }));
}

/** Types in which a checkpoint holds numbers: float64 on reference devices of that precision. */
export type FloatDtype = "F32" | "F64";

/** The type in which the numbers of a store are read from their device. */
export async function floatDtype(device: Device, store: ParameterStore): Promise<FloatDtype> {
  const range = { storage: weightsOf(store)[0]!, offset: 0, length: 1 };
  const [first] = await device.read([range]);
  return first instanceof Float64Array ? "F64" : "F32";
}

/** A float tensor, in the width it was computed in. */
export function floatSource(
  name: string,
  shape: readonly number[],
  values: HostArray,
): SafetensorsSource {
  return { name, shape, dtype: values instanceof Float64Array ? "F64" : "F32", values };
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * Loads parameters stored under `prefix` + name into flat buffers.
 *
 * @throws {CheckpointError} when one is missing or has another shape
 */
export async function loadParameters(
  device: Device,
  layout: ParameterLayout,
  buffers: FlatBuffers,
  checkpoint: ModelCheckpoint,
  prefix: string,
): Promise<void> {
  const { file } = checkpoint;
  for (const { name, shape } of layout.parameters) checkFloats(file, prefix + name, shape);
  await writeArrivingParameters(
    device,
    layout,
    buffers,
    ({ name }) => readFloats(file, prefix + name),
  );
}

/**
 * Loads the weights of a model.
 *
 * @throws {CheckpointError} when one is missing or has another shape
 */
export async function loadWeights(
  device: Device,
  store: ParameterStore,
  checkpoint: ModelCheckpoint,
): Promise<void> {
  for (const { name, shape } of store.parameters) checkWeight(checkpoint.file, name, shape);
  await writeArrivingWeights(device, store, ({ name }) => readFloats(checkpoint.file, name));
}

/** A tensor of floats; halves as float32, which holds them exactly. */
export async function readFloats(
  file: SafetensorsReader,
  name: string,
): Promise<Floats> {
  const dtype = file.dtype(name);
  if (dtype === "F16") return Float32Array.from(await file.tensor(name, "F16"));
  return dtype === "F64" ? await file.tensor(name, "F64") : await file.tensor(name, "F32");
}
