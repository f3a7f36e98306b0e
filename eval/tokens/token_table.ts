/**
 * Scores of every token of a text, in the order of the text.
 *
 * @module
 */
import {
  BytePairVocabulary,
  END_OF_LINE,
  type SegmentSource,
  textOfBytes,
  TokenizerVocabulary,
  type TokenSequence,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { bitsPerCharacter } from "../metrics.ts";
import type { TargetScores } from "../scorers/scorer.ts";

/** One token. */
export interface TokenScore {
  /** Place in the text, from 0. */
  readonly position: number;
  /** Id in the vocabulary. */
  readonly id: number;
  /**
   * Its symbol, as the text that it stands for; bytes that are a part of a character by number, as in
   * `\\xc3`, and the id where symbols are not known.
   */
  readonly token: string;
  /** log p in nats; null for a token that is not scored. */
  readonly logProbability: number | null;
  /** Place among all words by probability, from 1. */
  readonly rank: number | null;
  /** Surprise, -log2 p. */
  readonly bits: number | null;
}

/** Symbols as far as a table shows them. */
export type TokenSymbols = Pick<Vocabulary, "kind" | "symbols">;

/** The scores of one text. */
export class TokenTable {
  /** Name of the text in results. */
  readonly name: string;
  readonly #ids: TokenSequence;
  readonly #symbols: TokenSymbols | undefined;
  readonly #logProbabilities: Float64Array;
  readonly #ranks: Uint32Array;

  /**
   * An empty table.
   *
   * @param symbols undefined where ids have none, as random ids
   */
  constructor(name: string, ids: TokenSequence, symbols: TokenSymbols | undefined) {
    this.name = name;
    this.#ids = ids;
    this.#symbols = symbols;
    this.#logProbabilities = new Float64Array(ids.length).fill(NaN);
    this.#ranks = new Uint32Array(ids.length);
  }

  /** Tokens of the text. */
  get length(): number {
    return this.#ids.length;
  }

  /** Whether spaces separate tokens: words and plain ids. */
  get hasSpaces(): boolean {
    return this.#symbols === undefined || this.#symbols.kind === "word";
  }

  /** The symbol that ends a line. */
  get lineEnd(): string {
    return this.sentenceMark ?? (this.hasSpaces ? END_OF_LINE : "\n");
  }

  /** The symbol at both ends of a line; undefined where another one ends it. */
  get sentenceMark(): string | undefined {
    return this.#symbols instanceof WordVocabulary ? this.#symbols.sentenceMark : undefined;
  }

  /** Sets the scores of one token. */
  set(position: number, logProbability: number, rank: number): void {
    this.#logProbabilities[position] = logProbability;
    this.#ranks[position] = rank;
  }

  /** Sets the scores of segment `index` of a text that was cut into columns, warm-up excepted. */
  addSegment(
    batches: SegmentSource,
    index: number,
    { logProbabilities, ranks }: TargetScores,
  ): void {
    batches.targetPlaces(index).forEach((place, i) => {
      if (place >= 0) this.set(place, logProbabilities[i]!, ranks[i]!);
    });
  }

  /** The token at a position. */
  at(position: number): TokenScore {
    const id = this.#ids.at(position)!;
    const value = this.#logProbabilities[position]!;
    const base = { position, id, token: this.#textAt(position) };
    return Number.isNaN(value) ? { ...base, logProbability: null, rank: null, bits: null } : {
      ...base,
      logProbability: value,
      rank: this.#ranks[position]!,
      bits: bitsPerCharacter(-value),
    };
  }

  /** All tokens in order. */
  *[Symbol.iterator](): Generator<TokenScore, void, undefined> {
    for (let position = 0; position < this.length; position++) yield this.at(position);
  }

  #textAt(position: number): string {
    const id = this.#ids.at(position)!;
    const symbols = this.#symbols;
    if (symbols === undefined) return String(id);
    if (symbols instanceof BytePairVocabulary) return textOfBytes(symbols.bytesOf(id));
    if (symbols instanceof TokenizerVocabulary) {
      return symbols.textOf(id, position > 0 ? this.#ids.at(position - 1) : undefined);
    }
    const symbol = symbols.symbols[id] ?? String(id);
    return symbols.kind === "byte" ? textOfBytes(Uint8Array.of(Number(symbol))) : symbol;
  }
}
