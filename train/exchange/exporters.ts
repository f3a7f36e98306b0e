/**
 * Writers of exported files, by the setting that names the file.
 *
 * @module
 */
import { checkTables, scoredConfig } from "@transformer-xl/eval";
import {
  type ModelCheckpoint,
  type ModelConfig,
  savePytorch,
  saveWeights,
  writeOnnxModel,
} from "@transformer-xl/model";
import { quoted } from "@transformer-xl/runtime";
import type { ExportFlags, Output } from "./export_config.ts";

/** What was written. */
export interface Exported {
  /** The content in words. */
  readonly content: string;
  /** Lines about the use of the file. */
  readonly notes?: readonly string[];
}

/**
 * Writes a checkpoint to a file, whole or not at all.
 *
 * @throws {CheckpointError} when a weight cannot be stored, or the file cannot be written
 */
export type Exporter = (
  checkpoint: ModelCheckpoint,
  path: string,
  config: ExportFlags,
) => Promise<Exported>;

/** The writer of each format. */
export const EXPORTERS: Readonly<Record<Output["format"], Exporter>> = {
  async safetensors(checkpoint, path, { fp16 }) {
    await saveWeights(path, checkpoint, fp16 ? "F16" : "F32");
    return { content: `weights in ${precision(fp16)}, configuration and vocabulary` };
  },
  async pt(checkpoint, path, { fp16, ptLayout: layout }) {
    await savePytorch(path, checkpoint, { layout, dtype: fp16 ? "F16" : "F32" });
    return {
      content: `weights in ${precision(fp16)}, model arguments and vocabulary`,
      notes: [...NOTES[layout], ...attentionNote(checkpoint.config)],
    };
  },
  async onnx(checkpoint, path, flags) {
    const { tgtLen, extLen, memLen, onnxOutputs: outputs, fp16: half } = flags;
    const config = scoredConfig(flags, checkpoint.config);
    const lengths = { tgtLen, extLen, memLen };
    checkTables(config, { batchSize: 1, ...lengths });
    const [, data] = await writeOnnxModel(checkpoint, path, {
      ...{ config, lengths, outputs, half },
    });
    return {
      content: `ONNX in ${precision(half)}, ${outputs}, tgt_len ${tgtLen} ext_len ${extLen} ` +
        `mem_len ${memLen}`,
      notes: data === undefined ? [] : [`weights in ${quoted(data)}, beside which it must stay`],
    };
  },
};

/** A line about attention that NVIDIA's model lacks or computes in another way. */
function attentionNote({ attnType, compat, untieR }: ModelConfig): readonly string[] {
  if (untieR) return ["its layers have biases of their own, which NVIDIA's model cannot load"];
  if (attnType === 0 || compat !== "none") return [];
  return [
    `its attention of type ${attnType} was trained as in the papers: NVIDIA's model gives other losses`,
  ];
}

function precision(fp16: boolean): string {
  return fp16 ? "half precision" : "float32";
}

const NOTES: Readonly<Record<ExportFlags["ptLayout"], readonly string[]>> = {
  plain: ["read it with torch.load(FILE, weights_only=True)"],
  nvidia: [
    "NVIDIA's eval.py reads it with full unpickling, which can run code of a file: use it on files " +
    "that you trust alone; with PyTorch 2.6 or later, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 there",
  ],
};
