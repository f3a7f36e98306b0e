/**
 * State dicts of the programs whose softmax consists of linear layers: the authors' and Hugging Face's
 * `transfo-xl`. What modules share there has a name in each of them.
 *
 * @module
 */
import { type SafetensorsSource, sourcePieces } from "@transformer-xl/runtime/core";
import type { ModelCheckpoint } from "../checkpoint/checkpoint.ts";
import type { WeightDtype } from "../checkpoint/stored_weights.ts";
import { referenceState } from "./reference_state.ts";
import { CLUSTER_ROWS, reversedRows } from "./reversed_rows.ts";

/** Programs with such a softmax. */
export type LinearLayout = "authors" | "huggingface";

const SOFTMAX_PART = /^crit\.out_layers_(weights|biases)\.(\d+)$/;
const SHARED_BIAS = /^r_[wr]_bias$/;

/**
 * Tensors by name in the state dict of a program; shared ones are one source.
 *
 * Their pieces reject as those of `storedWeights`.
 */
export function linearState(
  checkpoint: Pick<ModelCheckpoint, "file" | "config">,
  dtype: WeightDtype,
  layout: LinearLayout,
): Map<string, SafetensorsSource> {
  const { tieWeight, tieProjs, divVal, nLayer, attnType } = checkpoint.config;
  const isHuggingFace = layout === "huggingface";
  const network = isHuggingFace ? "transformer." : "";
  const state = new Map<string, SafetensorsSource>();
  const reference = referenceState(checkpoint, dtype);
  for (const [name, source] of reference) {
    const [, part, cluster] = SOFTMAX_PART.exec(name) ?? [];
    if (part !== undefined) {
      state.set(`crit.out_layers.${cluster}.${part === "weights" ? "weight" : "bias"}`, source);
    } else if (isHuggingFace && CLUSTER_ROWS.test(name)) {
      state.set(name, {
        ...source,
        values: () => reversedRows(sourcePieces(source), source.shape),
      });
    } else if (!name.startsWith("crit.shared_out_projs.")) {
      state.set(name.startsWith("crit.") ? name : network + name, source);
    }
    if (tieWeight && name.startsWith("word_emb.emb_layers.")) {
      state.set(name.replace("word_emb.emb_layers.", "crit.out_layers."), source);
    }
    if (isHuggingFace && attnType === 0 && SHARED_BIAS.test(name)) {
      for (let layer = 0; layer < nLayer; layer++) {
        state.set(`${network}layers.${layer}.dec_attn.${name}`, source);
      }
    }
  }
  tieProjs.forEach((isTied, cluster) => {
    const source = reference.get(`word_emb.emb_projs.${divVal > 1 ? cluster : 0}`);
    if (isTied && source !== undefined) state.set(`crit.out_projs.${cluster}`, source);
  });
  return state;
}
