/**
 * Names of parameters in the state dicts of several programs, as the names of NVIDIA's state dict of
 * 2023, under which checkpoints store them.
 *
 * @module
 */
import { quoted } from "@transformer-xl/runtime";
import { cannotImport } from "./import_error.ts";
import type { SourceTensor, SourceTensors } from "./source_tensors.ts";

/** What wrappers put in front of all names. */
const WRAPPERS = /^(?:(?:module|_orig_mod|transformer)\.)+/;

/** Names of linear layers in the softmax: of 2019, the authors and Hugging Face. */
const SOFTMAX_LAYER = /^crit\.out_layers\.(\d+)\.(weight|bias)$/;

/** Tensors that are computed. */
const COMPUTED = /^pos_emb\.inv_freq$/;

/** Tensors of a state dict by the names of checkpoints. */
export interface NamedTensors {
  /** The tensors, without those that are computed. */
  readonly tensors: SourceTensors;
  /** Whether names have the prefix of Hugging Face's models. */
  readonly isHuggingFace: boolean;
  /** Whether the softmax has linear layers. */
  readonly hasSoftmaxLayers: boolean;
}

/**
 * Renames the tensors of a state dict.
 *
 * @throws {CheckpointError} When two of them would have one name
 */
export function namedTensors(path: string, state: SourceTensors): NamedTensors {
  const tensors = new Map<string, SourceTensor>();
  let [isHuggingFace, hasSoftmaxLayers] = [false, false];
  for (const [stored, tensor] of state) {
    const name = stored.replace(WRAPPERS, "");
    isHuggingFace ||= stored.includes("transformer.word_emb.");
    const [, cluster, part] = SOFTMAX_LAYER.exec(name) ?? [];
    hasSoftmaxLayers ||= cluster !== undefined;
    const known = cluster === undefined
      ? name
      : `crit.out_layers_${part === "bias" ? "biases" : "weights"}.${cluster}`;
    if (COMPUTED.test(known)) continue;
    if (tensors.has(known)) {
      throw cannotImport(path, `two of its tensors are named ${quoted(known, 80)}`);
    }
    tensors.set(known, tensor);
  }
  return { tensors, isHuggingFace, hasSoftmaxLayers };
}
