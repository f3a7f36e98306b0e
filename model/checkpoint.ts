/**
 * A model on disk: one safetensors file with the weights under the reference's names, the
 * vocabulary, and the model's shape. Whatever else the file holds (training state) is left alone.
 *
 * Nothing in it is executed, and its content is checked against its checksum before use.
 *
 * @module
 */
import {
  CheckpointError,
  type Device,
  type FlatBuffers,
  type HostArray,
  namedNonFinite,
  type ParamStore,
  readLogical,
  SafetensorsFile,
  type SafetensorsSource,
  writeLogical,
  writeWeights,
} from "@transformer-xl/runtime";
import { type ModelShape, parseModelShape } from "./config.ts";
import { type Vocabulary, vocabularyFromJSON } from "./text/mod.ts";

const FORMAT = "transformer-xl";
const VERSION = "1";

/** An open checkpoint. */
export interface ModelCheckpoint extends Disposable {
  /** Path it was read from. */
  readonly path: string;
  /** The model. */
  readonly shape: ModelShape;
  /** Its symbols. */
  readonly vocabulary: Vocabulary;
  /** What training stored about itself; null in a file of weights only. */
  readonly training: unknown;
  /** The tensors. */
  readonly file: SafetensorsFile;
}

/**
 * Opens and verifies a checkpoint.
 *
 * @throws {CheckpointError} when it is missing, damaged, or not a checkpoint of this program
 */
export async function openCheckpoint(path: string): Promise<ModelCheckpoint> {
  const file = await SafetensorsFile.open(path);
  try {
    await file.verify();
    const { format, version, model, training } = file.metadata;
    if (format !== FORMAT || version !== VERSION) {
      throw new CheckpointError(
        `Cannot use "${path}": it is no checkpoint of this program ` +
          `(format "${format ?? "none"}", version "${
            version ?? "none"
          }", wanted "${FORMAT}", "${VERSION}")`,
      );
    }
    const vocabulary = new TextDecoder().decode(await file.tensor("vocabulary", "U8"));
    return {
      path,
      file,
      shape: parseModelShape(JSON.parse(model!)),
      vocabulary: vocabularyFromJSON(JSON.parse(vocabulary)),
      training: training === undefined ? null : JSON.parse(training),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Metadata of a checkpoint file; numbers in `training` that JSON lacks are written as names. */
export function checkpointMetadata(shape: ModelShape, training?: unknown): Record<string, string> {
  return {
    format: FORMAT,
    version: VERSION,
    model: JSON.stringify(shape),
    ...(training !== undefined && { training: JSON.stringify(training, namedNonFinite) }),
  };
}

/** The vocabulary as a tensor: bytes of its JSON. */
export function vocabularySource(vocabulary: Vocabulary): SafetensorsSource {
  const values = new TextEncoder().encode(JSON.stringify(vocabulary));
  return { name: "vocabulary", dtype: "U8", shape: [values.length], values };
}

/** Logical tensors of flat buffers, each under `prefix` + name, read now. */
export async function logicalSources(
  device: Device,
  store: ParamStore,
  buffers: FlatBuffers,
  prefix: string,
): Promise<SafetensorsSource[]> {
  const sources: SafetensorsSource[] = [];
  for await (const [{ name, shape }, values] of readLogical(device, store, buffers)) {
    sources.push(floatSource(prefix + name, shape, values));
  }
  return sources;
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
 * Loads logical tensors stored under `prefix` + name into flat buffers.
 *
 * @throws {CheckpointError} when one is missing or has another shape
 */
export async function loadLogical(
  device: Device,
  store: ParamStore,
  buffers: FlatBuffers,
  checkpoint: ModelCheckpoint,
  prefix: string,
): Promise<void> {
  const values = await storedLogical(store, checkpoint, prefix);
  writeLogical(device, store, buffers, ({ name }) => values.get(name)!);
}

/**
 * Loads the weights of a model.
 *
 * @throws {CheckpointError} when one is missing or has another shape
 */
export async function loadWeights(
  device: Device,
  store: ParamStore,
  checkpoint: ModelCheckpoint,
): Promise<void> {
  const values = await storedLogical(store, checkpoint, "");
  writeWeights(device, store, ({ name }) => values.get(name)!);
}

async function storedLogical(
  store: ParamStore,
  { path, file }: ModelCheckpoint,
  prefix: string,
): Promise<ReadonlyMap<string, Floats>> {
  const values = new Map<string, Floats>();
  for (const { name, shape } of store.logical) {
    const stored = file.has(prefix + name) ? file.shape(prefix + name) : undefined;
    if (stored?.join() !== shape.join()) {
      throw new CheckpointError(
        `Cannot load "${prefix}${name}" from "${path}": stored shape is ` +
          `${stored === undefined ? "missing" : `[${stored}]`}, the model wants [${shape}]`,
      );
    }
    values.set(name, await readFloats(file, prefix + name));
  }
  return values;
}

/** A float32 or float64 tensor. */
export async function readFloats(
  file: SafetensorsFile,
  name: string,
): Promise<Floats> {
  return file.dtype(name) === "F64"
    ? await file.tensor(name, "F64")
    : await file.tensor(name, "F32");
}
