/**
 * A model configuration as arguments of the reference's model and of its training program.
 *
 * @module
 */
import { PythonFloat, type PythonValue } from "@transformer-xl/runtime";
import type { Lengths, ModelConfig } from "../config.ts";
import type { VocabularyKind } from "../text/vocabulary/vocabulary.ts";

/** Lengths of the recordings of a run. */
export type ReferenceLengths = Omit<Lengths, "batchSize">;

/** Arguments by name. */
export type Arguments = ReadonlyMap<string, PythonValue>;

/** The arguments of `MemTransformerLM`. */
export function modelArguments(
  config: ModelConfig,
  { tgtLen, extLen, memLen }: ReferenceLengths,
): Arguments {
  return new Map<string, PythonValue>([
    ["n_token", config.nToken],
    ["n_layer", config.nLayer],
    ["n_head", config.nHead],
    ["d_model", config.dModel],
    ["d_head", config.dHead],
    ["d_inner", config.dInner],
    ["dropout", new PythonFloat(config.dropout)],
    ["dropatt", new PythonFloat(config.dropatt)],
    ["dtype", null],
    ["tie_weight", config.tieWeight],
    ["d_embed", config.dEmbed],
    ["div_val", config.divVal],
    ["tie_projs", config.tieProjs],
    ["pre_lnorm", config.preLnorm],
    ["tgt_len", tgtLen],
    ["ext_len", extLen],
    ["mem_len", memLen],
    ["cutoffs", config.cutoffs],
    ["same_length", config.sameLength],
    ["attn_type", config.attnType],
    ["clamp_len", config.clampLen],
    ["sample_softmax", -1], // the weights are those of the full softmax
  ]);
}

/**
 * The arguments of the reference's training program that describe model and symbols.
 *
 * @param dataset the data set of training, if known
 */
export function programArguments(
  config: ModelConfig,
  lengths: ReferenceLengths,
  { kind, dataset }: { readonly kind: VocabularyKind; readonly dataset?: string | undefined },
): Arguments {
  const { embInit, embInitRange, init, initRange } = config;
  const model = modelArguments(config, lengths);
  const same = [
    ...["n_token", "n_layer", "n_head", "d_model", "d_head", "d_inner", "dropout", "dropatt"],
    ...["d_embed", "div_val", "pre_lnorm", "tgt_len", "ext_len", "mem_len", "same_length"],
    ...["attn_type", "clamp_len", "sample_softmax"],
  ];
  return new Map<string, PythonValue>([
    ...(dataset === undefined ? [] : [["dataset", dataset] as const]),
    ["vocab", kind === "bpe" ? "bpe" : "word"],
    ...same.map((name) => [name, model.get(name)!] as const),
    ["tied", config.tieWeight],
    ["adaptive", config.cutoffs.length > 0],
    ["init", init],
    ["init_range", new PythonFloat(initRange)],
    ["init_std", new PythonFloat(config.initStd)],
    ["emb_init", embInit ?? init],
    ["emb_init_range", new PythonFloat(embInitRange ?? initRange)],
    ["proj_init_std", new PythonFloat(config.projInitStd)],
  ]);
}
