/**
 * Small tokenizers in Hugging Face's format: of bytes by name, of pieces with bytes for what is left,
 * and of words in parts.
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

const symbolIds = (symbols: readonly string[]) =>
  Object.fromEntries(symbols.map((symbol, id) => [symbol, id]));

/** Pieces that begin with the space before them; other characters are bytes. */
export const BYTE_FALLBACK = {
  added_tokens: [],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
  pre_tokenizer: null,
  post_processor: null,
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: symbolIds([
      "<unk>",
      ...Array.from(
        { length: 256 },
        (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      ),
      ...["▁", ..."abcdefghijklmnopqrstuvwxyz", "▁t", "he", "▁the"],
    ]),
    merges: ["▁ t", "h e", "▁t he"],
  },
};

/** Words in parts, of which all but the first are marked. */
export const WORD_PIECES = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: null,
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: symbolIds(["[UNK]", "he", "##llo", "world", "."]),
  },
};

/** The ids of symbols. */
export function idsOf(...symbols: readonly string[]): number[] {
  return symbols.map((symbol) => TOKENS.indexOf(symbol));
}
