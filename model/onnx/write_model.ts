/**
 * Export of a checkpoint as an ONNX model.
 *
 * @module
 */
import { PROGRAM_VERSION, writeOnnx } from "@transformer-xl/runtime";
import type { ModelCheckpoint } from "../checkpoint/checkpoint.ts";
import { trainedRecord } from "../checkpoint/trained_facts.ts";
import type { ModelConfig } from "../config.ts";
import { onnxMetadata } from "./metadata.ts";
import { type GraphSettings, recordGraph } from "./record_graph.ts";

/** How a checkpoint is exported. */
export interface OnnxExport extends GraphSettings {
  /** Configuration in place of the stored one, for other attention spans. */
  readonly config?: ModelConfig;
  /** Bytes of weights from which on they lie in a file of their own (default 1 GiB). */
  readonly externalFrom?: number;
}

/**
 * Writes a checkpoint as an ONNX model.
 *
 * @param path replaced whole or not at all
 * @returns paths of the files written, the model first
 * @throws {ConfigError} when learned tables are too short for the lengths with the reference
 * @throws {CheckpointError} when a file cannot be written, or a weight has no half-precision number
 * @example
 * ```ts
 * import {
 *   CharacterVocabulary,
 *   createModel,
 *   openCheckpoint,
 *   saveModel,
 *   writeOnnxModel,
 * } from "@transformer-xl/model";
 * import { OnnxFile, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const vocabulary = CharacterVocabulary.fromText("a text");
 * using device = new ReferenceDevice({ precision: "f32" });
 * using model = await createModel(device, { vocabSize: vocabulary.size, nLayer: 1, dModel: 16 });
 * await saveModel(`${folder}/model.safetensors`, model, vocabulary);
 * using checkpoint = await openCheckpoint(`${folder}/model.safetensors`);
 * await writeOnnxModel(checkpoint, `${folder}/model.onnx`, {
 *   lengths: { tgtLen: 8, extLen: 0, memLen: 16 },
 *   outputs: "losses",
 *   half: false,
 * });
 * using file = await OnnxFile.open(`${folder}/model.onnx`);
 * assertEquals(file.metadata["format"], "transformer-xl-onnx");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeOnnxModel(
  checkpoint: ModelCheckpoint,
  path: string,
  { config = checkpoint.config, externalFrom, ...settings }: OnnxExport,
): Promise<readonly string[]> {
  const { vocabulary } = checkpoint;
  const trained = trainedRecord(checkpoint) ?? null;
  const graph = recordGraph(checkpoint.file, config, settings);
  return await writeOnnx(path, graph, {
    name: "transformer_xl",
    producer: ["transformer-xl", PROGRAM_VERSION],
    metadata: onnxMetadata({ config, vocabulary, trained }, settings),
    externalFrom,
  });
}
