/**
 * Encoded sentences of one file or split, in one array of ids.
 *
 * @module
 */

/** Sentences, each with its mark at both ends. */
export interface SentenceList {
  /** The ids of all sentences, one after the other. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** First id of every sentence, then the number of ids: one element more than sentences. */
  readonly starts: Uint32Array<ArrayBuffer>;
}

/** Size of a text of sentences. */
export interface SentenceCounts {
  /** Sentences. */
  readonly sentences: number;
  /** Tokens, the marks of the sentences included. */
  readonly tokens: number;
}

/** Number of sentences. */
export function sentenceCount({ starts }: SentenceList): number {
  return starts.length - 1;
}

/** The ids of sentence `n`, a view. */
export function sentenceAt({ ids, starts }: SentenceList, n: number): Uint32Array {
  return ids.subarray(starts[n]!, starts[n + 1]!);
}
