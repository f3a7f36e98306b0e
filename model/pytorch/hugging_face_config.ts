/**
 * A model configuration as the `config.json` of Hugging Face's `transfo-xl`.
 *
 * @module
 */
import type { ModelConfig } from "../config.ts";
import { END_OF_LINE } from "../text/vocabulary/word_vocabulary.ts";
import type { Vocabulary } from "../text/vocabulary/vocabulary.ts";

/**
 * The settings by name.
 *
 * @param memLen rows of memory
 */
export function huggingFaceConfig(
  config: ModelConfig,
  vocabulary: Pick<Vocabulary, "symbols">,
  memLen: number,
): Readonly<Record<string, unknown>> {
  const { tieProjs, cutoffs } = config;
  return {
    architectures: ["TransfoXLLMHeadModel"],
    model_type: "transfo-xl",
    vocab_size: config.nToken,
    eos_token_id: Math.max(vocabulary.symbols.indexOf(END_OF_LINE), 0),
    n_layer: config.nLayer,
    n_head: config.nHead,
    d_head: config.dHead,
    d_model: config.dModel,
    d_embed: config.dEmbed,
    d_inner: config.dInner,
    div_val: config.divVal,
    adaptive: cutoffs.length > 0,
    cutoffs,
    proj_share_all_but_first: tieProjs.length > 1 && tieProjs[1] === true,
    tie_word_embeddings: config.tieWeight,
    untie_r: config.untieR,
    pre_lnorm: config.preLnorm,
    attn_type: config.attnType,
    same_length: config.sameLength,
    clamp_len: config.clampLen,
    mem_len: memLen,
    sample_softmax: -1,
    dropout: config.dropout,
    dropatt: config.dropatt,
    init: config.init,
    init_range: config.initRange,
    init_std: config.initStd,
    proj_init_std: config.projInitStd,
    layer_norm_epsilon: 1e-5,
  };
}
