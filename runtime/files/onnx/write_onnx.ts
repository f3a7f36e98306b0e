/**
 * Writer of ONNX models. Weights beyond a size lie in a file of their own, since a protocol buffer
 * ends at 2 GiB: `NAME.onnx.data` beside `NAME.onnx`, which names it.
 *
 * The metadata entry "sha256" is the checksum of the encoded graph, then of the other file.
 *
 * @module
 */
import { basename } from "node:path";
import type { AtomicFile } from "../atomic_file.ts";
import { nativeSha256 } from "../native_sha256.ts";
import { replaceFile } from "../replace_file.ts";
import { type ExternalPlace, type OnnxGraph, pair } from "./graph.ts";
import { checkedPieces, Message, tagAndLength } from "../protobuf/message.ts";

/** Fields of `ModelProto`. */
export const MODEL_FIELDS = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  metadata: 14,
} as const;

/** Version of the operators: the first with a layer norm. */
export const OPSET = 17;

/** Version of the format that this operator set came with. */
const IR_VERSION = 8;

/** Bytes of weights from which on they lie in a file of their own. */
export const EXTERNAL_FROM_BYTES: number = 2 ** 30;

/** Weights of fewer bytes stay in the model, as biases do. */
const LEAST_EXTERNAL_BYTES = 1024;

/** Weights in the other file begin at multiples of this, so that programs can map them. */
const PAGE_BYTES = 4096;

/** Longest piece between two looks at signals and timers. */
const SLICE_BYTES = 16 << 20;

/** Properties of a model. */
export interface OnnxModelOptions {
  /** Name of the graph. */
  readonly name: string;
  /** Program that writes it, and its version. */
  readonly producer: readonly [name: string, version: string];
  /** Strings beside the graph; "sha256" and "external_data" are set by the writer. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes of weights from which on they lie in a file of their own (default 1 GiB). */
  readonly externalFrom?: number | undefined;
}

/**
 * Writes a model, one weight in memory at a time.
 *
 * @param path replaced whole or not at all
 * @returns paths of the files written, the model first
 * @throws {CheckpointError} when a file cannot be written
 */
export async function writeOnnx(
  path: string,
  graph: OnnxGraph,
  { name, producer, metadata, externalFrom = EXTERNAL_FROM_BYTES }: OnnxModelOptions,
): Promise<readonly string[]> {
  const bytes = graph.weights.reduce((sum, { content }) => sum + content.byteLength, 0);
  const dataPath = bytes > externalFrom ? `${path}.data` : undefined;
  const places = dataPath === undefined ? new Map() : placesOf(graph, basename(dataPath));
  const digest = nativeSha256();
  await replaceFile(path, async (model) => {
    const encoded = graph.encode(name, places);
    const head = new Message()
      .integer(MODEL_FIELDS.irVersion, IR_VERSION)
      .string(MODEL_FIELDS.producerName, producer[0])
      .string(MODEL_FIELDS.producerVersion, producer[1]);
    await writePieces(model, head.pieces());
    await model.write(tagAndLength(MODEL_FIELDS.graph, encoded.byteLength));
    await writePieces(model, encoded.pieces(), digest.update);
    if (dataPath !== undefined) {
      const content = placedWeights(graph, places);
      await replaceFile(dataPath, (data) => writePieces(data, content, digest.update));
    }
    const entries = {
      ...metadata,
      ...(dataPath !== undefined && { external_data: basename(dataPath) }),
      sha256: digest.hex(),
    };
    const tail = new Message()
      .message(MODEL_FIELDS.opsetImport, new Message().string(1, "").integer(2, OPSET));
    for (const [key, value] of Object.entries(entries)) {
      tail.message(MODEL_FIELDS.metadata, pair(key, value));
    }
    await writePieces(model, tail.pieces());
  });
  return dataPath === undefined ? [path] : [path, dataPath];
}

/** Places of the large weights in a file of their own. */
function placesOf({ weights }: OnnxGraph, location: string): Map<string, ExternalPlace> {
  const places = new Map<string, ExternalPlace>();
  let offset = 0;
  for (const { name, content: { byteLength } } of weights) {
    if (byteLength < LEAST_EXTERNAL_BYTES) continue;
    places.set(name, { location, offset });
    offset += Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
  }
  return places;
}

/** The content of the file of weights. */
async function* placedWeights(
  { weights }: OnnxGraph,
  places: ReadonlyMap<string, ExternalPlace>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = 0;
  for (const { name, content } of weights) {
    const place = places.get(name);
    if (place === undefined) continue;
    if (place.offset > at) yield new Uint8Array(place.offset - at);
    yield* checkedPieces(content);
    at = place.offset + content.byteLength;
  }
}

async function writePieces(
  file: AtomicFile,
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
  each?: (bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) {
      const slice = piece.subarray(at, at + SLICE_BYTES);
      each?.(slice);
      await file.write(slice);
    }
  }
}
