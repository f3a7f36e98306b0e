/**
 * An encoded corpus and the identity of its text.
 *
 * @module
 */
import type { Split } from "../files/split_names.ts";
import type { TextFile } from "../files/text_file.ts";
import type { TokenSequence } from "../tokens/token_sequence.ts";
import type { Vocabulary } from "../vocabulary/vocabulary.ts";

/** Size of a split. */
export interface SplitCounts {
  /** Token ids. */
  readonly tokens: number;
  /** Lines; of characters, a last line without a line feed counts too. */
  readonly lines: number;
  /** Tokens that stand for a word without an id. */
  readonly unknown: number;
}

/** The token ids of a text and their symbols. */
export interface EncodedCorpus {
  /** The symbols behind the ids. */
  readonly vocabulary: Vocabulary;
  /** Ids for training. */
  readonly train: TokenSequence;
  /** Ids for validation. */
  readonly valid: TokenSequence;
  /** Ids for the final test. */
  readonly test: TokenSequence;
  /** Sizes of the splits. */
  readonly counts: Readonly<Record<Split, SplitCounts>>;
}

/** Identity of a text, stored in checkpoints to detect a changed text. */
export interface TextIdentity {
  /** `files`: every split has its files; `lines`: one text, cut into splits. */
  readonly split: "files" | "lines";
  /** The files of the training split, or of the text that is cut. */
  readonly train: readonly TextFile[];
  /** The files of the validation split; empty for a text that is cut. */
  readonly valid: readonly TextFile[];
  /** The files of the test split; empty for a text that is cut. */
  readonly test: readonly TextFile[];
}
