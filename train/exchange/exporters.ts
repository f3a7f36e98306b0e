/**
 * Writers of exported files, by the setting that names the file.
 *
 * @module
 */
import { checkTables, scoredConfig } from "@transformer-xl/eval";
import {
  huggingFaceConfig,
  type ModelCheckpoint,
  type ModelConfig,
  type PytorchLayout,
  savePytorch,
  saveWeights,
  trainedFacts,
  writeOnnxModel,
} from "@transformer-xl/model";
import { quoted, replaceFile } from "@transformer-xl/runtime";
import { configPath, type ExportFlags, type Output } from "./export_config.ts";

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
    if (layout === "huggingface") await writeConfig(checkpoint, configPath(path));
    const others = layout === "plain" || layout === "nvidia"
      ? "weights, model arguments and vocabulary"
      : "state dict";
    return {
      content: `${others} in ${precision(fp16)}`,
      notes: [
        ...NOTES[layout],
        ...attentionNote(checkpoint.config, layout),
        ...reachNote(checkpoint.config, layout),
      ],
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

/** Writes the configuration that Hugging Face reads beside a state dict. */
async function writeConfig(checkpoint: ModelCheckpoint, path: string): Promise<void> {
  const { config, vocabulary } = checkpoint;
  const { memLen = DEFAULT_MEM_LEN } = trainedFacts(checkpoint) ?? {};
  const text = JSON.stringify(huggingFaceConfig(config, vocabulary, memLen), null, 2);
  await replaceFile(path, (file) => file.write(new TextEncoder().encode(`${text}\n`)));
}

/** Rows of memory of an evaluation. */
const DEFAULT_MEM_LEN = 640;

/** A line about attention that NVIDIA's model lacks or computes in another way. */
function attentionNote(
  { attnType, compat, untieR }: ModelConfig,
  layout: PytorchLayout,
): readonly string[] {
  if (layout === "huggingface") return [];
  if (untieR) return ["its layers have biases of their own, which NVIDIA's model cannot load"];
  if (attnType === 0 || compat !== "none") return [];
  return [
    `its attention of type ${attnType} was trained as in the papers: NVIDIA's model gives other losses`,
  ];
}

/** A line about a mask that hides another number of keys in the programs of a layout. */
function reachNote(
  { sameLength, compat }: ModelConfig,
  layout: PytorchLayout,
): readonly string[] {
  const isOfNvidia = layout === "plain" || layout === "nvidia";
  const seesWholeMemory = compat !== "2019";
  if (!sameLength || isOfNvidia === seesWholeMemory) return [];
  const [program, keys] = isOfNvidia
    ? ["NVIDIA's models since 2020", "more"]
    : ["the authors' and Hugging Face's models", "fewer"];
  return [`it was trained with same_length: ${program} see one key ${keys} and give other losses`];
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
  authors: ["load_state_dict of the authors' model takes it; it holds no vocabulary"],
  huggingface: [
    "TransfoXLLMHeadModel.from_pretrained reads it as pytorch_model.bin beside config.json, which was " +
    "written too; it holds no vocabulary",
  ],
};
