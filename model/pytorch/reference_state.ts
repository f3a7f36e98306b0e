/**
 * The state dict of the reference's model (NVIDIA, 2023): the stored weights, those that two modules
 * share under both names, and the buffer of frequencies.
 *
 * @module
 */
import type { SafetensorsSource } from "@transformer-xl/runtime/core";
import { inverseFrequencies } from "../attention/positional_embedding.ts";
import type { ModelCheckpoint } from "../checkpoint/checkpoint.ts";
import { storedWeights, type WeightDtype } from "../checkpoint/stored_weights.ts";

/** Projections of the embedding, which the softmax has too: it uses those of tied clusters. */
const EMBEDDING_PROJECTION = /^word_emb\.emb_projs\.(\d+)$/;

/**
 * Tensors by name in the reference's state dict; shared ones are one source.
 *
 * Their pieces reject as those of {@link storedWeights}.
 */
export function referenceState(
  checkpoint: Pick<ModelCheckpoint, "file" | "config">,
  dtype: WeightDtype,
): Map<string, SafetensorsSource> {
  const state = new Map<string, SafetensorsSource>();
  for (const source of storedWeights(checkpoint, dtype)) {
    state.set(source.name, source);
    const cluster = EMBEDDING_PROJECTION.exec(source.name)?.[1];
    if (cluster !== undefined) state.set(`crit.shared_out_projs.${cluster}`, source);
  }
  const { attnType, dModel } = checkpoint.config;
  if (attnType === 0 || attnType === 2) {
    const values = inverseFrequencies(dModel);
    const name = "pos_emb.inv_freq";
    state.set(name, { name, dtype: "F32", shape: [values.length], values });
  }
  return state;
}
