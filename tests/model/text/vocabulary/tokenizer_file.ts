/**
 * A small byte-level tokenizer of pairs in Hugging Face's format.
 *
 * @module
 */

const BYTES = [..."0123456789abcdefghijklmnopqrstuvwxyz.,!", "Ġ", "Ċ"];
const MERGES = [["o", "r"], ["w", "or"], ["wor", "d"], ["Ġ", "word"], ["1", "2"]] as const;
const TOKENS = ["<unk>", ...BYTES, ...MERGES.map((pair) => pair.join("")), "<|end|>"];

/** Content of a `tokenizer.json`. */
export const BYTE_LEVEL = {
  version: "1.0",
  added_tokens: [
    {
      id: TOKENS.length - 1,
      content: "<|end|>",
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    },
  ],
  normalizer: null,
  pre_tokenizer: {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  },
  post_processor: null,
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: "<unk>",
    continuing_subword_prefix: "",
    end_of_word_suffix: "",
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(TOKENS.slice(0, -1).map((token, id) => [token, id])),
    merges: MERGES.map((pair) => pair.join(" ")),
  },
};

/** The ids of symbols. */
export function idsOf(...symbols: readonly string[]): number[] {
  return symbols.map((symbol) => TOKENS.indexOf(symbol));
}
