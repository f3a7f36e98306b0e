/**
 * Text of tokens that arrive one by one. Words get the spaces between them; of other symbols, which
 * may be parts of a character, only complete characters are returned.
 *
 * @module
 */
import { type Vocabulary, WordVocabulary } from "@transformer-xl/model";
import { hasMarks, WordJoiner } from "./joined_words.ts";

/** A decoder of tokens. */
export interface TextStream {
  /** The text that a token completes; empty within a character. */
  push(id: number): string;
  /** The text of an incomplete character at the end. */
  end(): string;
}

/** Options of {@link textStream}. */
export interface TextStreamOptions {
  /** Whether WikiText's marks and punctuation are joined to their words (default true). */
  readonly joined?: boolean;
}

/**
 * A decoder for the tokens of a vocabulary.
 *
 * @example
 * ```ts
 * import { textStream } from "@transformer-xl/eval";
 * import { WordVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = WordVocabulary.fromText("a well @-@ known 1 @,@ 000\n");
 * const stream = textStream(vocabulary);
 * const texts = [...vocabulary.encode("a well @-@ known\n")].map((id) => stream.push(id));
 * assertEquals(texts, ["a", " well", "-", "known", "\n"]);
 * ```
 */
export function textStream(
  vocabulary: Vocabulary,
  { joined = true }: TextStreamOptions = {},
): TextStream {
  if (!(vocabulary instanceof WordVocabulary)) return new SymbolStream(vocabulary);
  const joiner = new WordJoiner(joined && hasMarks(vocabulary), vocabulary.lineEnd);
  return {
    push(id) {
      const word = vocabulary.symbols[id];
      if (word === undefined) {
        throw new RangeError(`Cannot decode id ${id}: V is ${vocabulary.size}`);
      }
      return joiner.push(word);
    },
    end: () => "",
  };
}

/** What an incomplete character is decoded to. */
const REPLACEMENT = "\ufffd";

/** Most tokens of one character: the bytes of the longest in UTF-8. */
const MAX_PARTS = 4;

/**
 * Decodes a window of tokens. Where a symbol depends on the one before, as a space that is left out
 * at the start of a text, the window begins with tokens that have been returned.
 */
class SymbolStream implements TextStream {
  readonly #vocabulary: Pick<Vocabulary, "decode">;
  #returned: number[] = [];
  #pending: number[] = [];

  constructor(vocabulary: Pick<Vocabulary, "decode">) {
    this.#vocabulary = vocabulary;
  }

  push(id: number): string {
    this.#pending.push(id);
    const text = this.#text();
    if (text.endsWith(REPLACEMENT) && this.#pending.length < MAX_PARTS) return "";
    return this.#take(text);
  }

  end(): string {
    return this.#take(this.#text());
  }

  #text(): string {
    const before = this.#vocabulary.decode(this.#returned);
    return this.#vocabulary.decode([...this.#returned, ...this.#pending]).slice(before.length);
  }

  #take(text: string): string {
    if (this.#pending.length > 0) this.#returned = this.#pending.splice(0);
    return text;
  }
}
