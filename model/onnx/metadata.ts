/**
 * Metadata of exported models: everything that an evaluation needs beside the graph.
 *
 * @module
 */
import { type OnnxFile, quoted } from "@transformer-xl/runtime";
import { z } from "zod";
import {
  firstIssue,
  metadataJson,
  unusable,
  vocabularyOfJson,
} from "../checkpoint/checkpoint_checks.ts";
import { type ModelConfig, modelConfigSchema } from "../config.ts";
import { MAX_LENGTH } from "../settings/bounds.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";
import { GRAPH_OUTPUTS, type GraphOutputs } from "./head.ts";
import type { GraphLengths } from "./model_graph.ts";
import type { GraphSettings } from "./record_graph.ts";

const FORMAT = "transformer-xl-onnx";
const VERSION = "1";

const rows = z.int().min(0).max(MAX_LENGTH);

const exportRecord = z.strictObject({
  tgtLen: rows.min(1),
  extLen: rows,
  memLen: rows,
  outputs: z.enum(GRAPH_OUTPUTS),
  half: z.boolean(),
});

/** What an exported model says of itself. */
export interface OnnxFacts {
  /** The model, with the attention spans and the rules of its graph. */
  readonly config: ModelConfig;
  /** Lengths of the graph. */
  readonly lengths: GraphLengths;
  /** Outputs beside the memory. */
  readonly outputs: GraphOutputs;
  /** Whether numbers are half precision. */
  readonly half: boolean;
  /** Its symbols. */
  readonly vocabulary: Vocabulary;
  /** The facts of training that weights alone keep; null if there are none. */
  readonly trained: unknown;
}

/** The metadata of a model. */
export function onnxMetadata(
  { config, vocabulary, trained }: Pick<OnnxFacts, "config" | "vocabulary" | "trained">,
  { lengths: { tgtLen, extLen, memLen }, outputs, half }: GraphSettings,
): Record<string, string> {
  const record: z.infer<typeof exportRecord> = { tgtLen, extLen, memLen, outputs, half };
  return {
    format: FORMAT,
    version: VERSION,
    model: JSON.stringify(config),
    export: JSON.stringify(record),
    ...(trained !== null && { trained: JSON.stringify(trained) }),
    vocabulary: JSON.stringify(vocabulary),
  };
}

/**
 * Reads the metadata of a model.
 *
 * @throws {CheckpointError} when the file was not exported by this program, or is inconsistent
 */
export async function readOnnxFacts(file: OnnxFile): Promise<OnnxFacts> {
  const { path, metadata } = file;
  const { format, version } = metadata;
  if (format !== FORMAT || version !== VERSION) {
    throw unusable(
      path,
      `it is no export of this program (format ${quoted(format ?? "none", 40)}, version ` +
        `${quoted(version ?? "none", 40)}, wanted "${FORMAT}", "${VERSION}")`,
      undefined,
      "an export",
    );
  }
  const config = checked(file, "model", modelConfigSchema);
  const { outputs, half, ...lengths } = checked(file, "export", exportRecord);
  return {
    ...{ config, lengths, outputs, half },
    vocabulary: await vocabularyOfJson(path, metadata.vocabulary ?? "", config),
    trained: metadata.trained === undefined ? null : metadataJson(file, "trained"),
  };
}

function checked<T>(file: OnnxFile, key: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(metadataJson(file, key));
  if (parsed.success) return parsed.data;
  throw unusable(file.path, `in its ${key}, ${firstIssue(parsed.error)}; use another copy`);
}
