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
