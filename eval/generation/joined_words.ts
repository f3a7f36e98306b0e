/**
 * Spaces between the words of a word vocabulary. Words of most texts are separated by single spaces.
 * WikiText marks separators inside numbers and compounds (`3 @,@ 500`, `well @-@ known`) and splits
 * punctuation off; here both are joined again, as in running text.
 *
 * @module
 */
import type { WordVocabulary } from "@transformer-xl/model";

/** Separators inside numbers and compounds. */
const MARK = /^@([-,.])@$/;

/** Words without a space before them. */
const CLOSING = /^(?:[,.;:!?%)\]}]|\.{3}|'(?:s|S|re|ve|ll|d|m|t)|n't)$/;

/** Words without a space after them. */
const OPENING = /^[([{$£#]$/;

/** Turns words into text, one after the other. */
export class WordJoiner {
  readonly #joinsMarks: boolean;
  readonly #lineEnd: string;
  #isGlued = true; // at the start of a line
  #isQuoting = false;

  /**
   * @param joinsMarks whether marks and punctuation are joined to their words
   * @param lineEnd the symbol that ends a line
   */
  constructor(joinsMarks: boolean, lineEnd: string) {
    this.#joinsMarks = joinsMarks;
    this.#lineEnd = lineEnd;
  }

  /** The text that a word adds, with the space before it. */
  push(word: string): string {
    if (word === this.#lineEnd) {
      this.#isGlued = true;
      this.#isQuoting = false;
      return "\n";
    }
    if (!this.#joinsMarks) return this.#spaced(word, { before: true, after: true });
    const mark = MARK.exec(word)?.[1];
    if (mark !== undefined) return this.#spaced(mark, { before: false, after: false });
    if (word === '"') {
      const closes = this.#isQuoting;
      this.#isQuoting = !closes;
      return this.#spaced(word, { before: !closes, after: closes });
    }
    return this.#spaced(word, { before: !CLOSING.test(word), after: !OPENING.test(word) });
  }

  #spaced(word: string, space: { readonly before: boolean; readonly after: boolean }): string {
    const text = space.before && !this.#isGlued ? ` ${word}` : word;
    this.#isGlued = !space.after;
    return text;
  }
}

/** Whether a vocabulary has WikiText's marks; no other text has these words. */
export function hasMarks(vocabulary: WordVocabulary): boolean {
  return vocabulary.has("@-@") && vocabulary.has("@,@");
}
