/**
 * Settings that only words have.
 *
 * @module
 */
import { ConfigError } from "@transformer-xl/runtime";

/** Settings of a vocabulary of words. */
export interface WordSettings {
  /** Minimum count of a word (default 0). */
  readonly minFreq?: number;
  /** Maximum number of words; null: all (default). */
  readonly maxVocab?: number | null;
  /** Lower-case the text (default false). */
  readonly lowerCase?: boolean;
  /** Symbol of excluded words; null: `<unk>` if words may be excluded (default). */
  readonly unknown?: string | null;
}

const SYMBOLS = {
  char: "characters",
  byte: "bytes",
  bpe: "byte pairs",
  tokenizer: "a tokenizer",
} as const;

/**
 * Rejects word settings for other symbols, which are never rare or unknown.
 *
 * @throws {ConfigError} naming those that were given
 */
export function refuseWordSettings(settings: WordSettings, kind: keyof typeof SYMBOLS): void {
  const given = givenFlags(settings);
  if (given.length === 0) return;
  throw new ConfigError(
    `Cannot use ${given.join(", ")} with a vocabulary of ${
      SYMBOLS[kind]
    }: it applies to words only; ` +
      "leave it out or use --vocab word",
  );
}

/**
 * Rejects settings of a vocabulary for a data set that has its own in a file.
 *
 * @throws {ConfigError} naming those that were given
 */
export function refuseVocabularySettings(
  { vocab, ...settings }: WordSettings & { readonly vocab: string },
): void {
  const given = [
    ...(vocab === "auto" || vocab === "word" ? [] : [`--vocab ${vocab}`]),
    ...givenFlags(settings),
  ];
  if (given.length === 0) return;
  throw new ConfigError(
    `Cannot use ${given.join(", ")} with this data set: its words are those of its list, or the ` +
      "frequent ones of its training files; leave it out or use --dataset text",
  );
}

function givenFlags({ minFreq = 0, maxVocab, lowerCase, unknown }: WordSettings): string[] {
  return [
    minFreq > 0 ? `--min_freq ${minFreq}` : "",
    maxVocab ? `--max_vocab ${maxVocab}` : "",
    lowerCase ? "--lower_case" : "",
    unknown ? `--unknown ${unknown}` : "",
  ].filter((flag) => flag !== "");
}
