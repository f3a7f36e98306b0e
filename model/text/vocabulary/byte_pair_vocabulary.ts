/**
 * The vocabulary of GPT-2: byte pairs, the mark of the end of a text, and seven symbols without
 * text that round their number up to a multiple of 8, as in the reference. Line feeds are part of
 * the text. The ranks are a package that is loaded on first use.
 *
 * @module
 */
import { DataError, sha256 } from "@transformer-xl/runtime/core";
import { BytePairEncoder, type TokenBytes } from "./byte_pair_encoder.ts";
import { BYTE_NAMES } from "./byte_names.ts";
import type { Vocabulary, VocabularyRecord } from "./vocabulary.ts";
import { WHITESPACE_CLASS } from "./whitespace.ts";

/** The symbol that ends a text. */
export const END_OF_TEXT = "<|endoftext|>";

/** Symbols that occur in no text. */
const MADE_UP = Array.from({ length: 7 }, (_, i) => `madeupword00000000${i}`);

const OUTER_SPACE = {
  left: new RegExp(`^[${WHITESPACE_CLASS}]+`, "u"),
  right: new RegExp(`[${WHITESPACE_CLASS}]+$`, "u"),
};

/** How texts are split before they are encoded. */
export interface BytePairRules {
  /**
   * As the reference does: white space at both ends of a text and around the symbols that it knows
   * besides byte pairs is lost, and every line end becomes a line feed (default false).
   */
  readonly strips?: boolean | undefined;
}

/** Edges of a part of a text. */
export interface Edges {
  /** Whether the part begins where the text or a piece between special symbols does. */
  readonly begins: boolean;
  /** Whether the text ends with it. */
  readonly ends: boolean;
}

/** Vocabularies that were asked for, by whether they strip: their tables take a while. */
const loaded = new Map<boolean, Promise<BytePairVocabulary>>();

/**
 * The vocabulary of GPT-2.
 *
 * @example
 * ```ts
 * import { BytePairVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = await BytePairVocabulary.load();
 * assertEquals([...vocabulary.encode("Hello world")], [15496, 995]);
 * assertEquals(vocabulary.decode([15496, 995]), "Hello world");
 * assertEquals(vocabulary.size, 50264);
 * ```
 */
export class BytePairVocabulary implements Vocabulary {
  readonly kind = "bpe";
  /** Whether texts are split as in the reference. */
  readonly strips: boolean;
  readonly #bytes: readonly Uint8Array[];
  readonly #encoder: BytePairEncoder;
  /** Splits a text at the symbols with an id of their own, which it keeps. */
  readonly #specials: RegExp;
  #symbols: readonly string[] | undefined;
  #ids: ReadonlyMap<string, number> | undefined;

  private constructor(tokens: readonly TokenBytes[], strips: boolean) {
    this.strips = strips;
    const utf8 = new TextEncoder();
    const special = [END_OF_TEXT, ...MADE_UP];
    this.#bytes = [...tokens, ...special].map((token) =>
      typeof token === "string" ? utf8.encode(token) : Uint8Array.from(token)
    );
    this.#encoder = new BytePairEncoder(tokens);
    const kept = strips ? special : [END_OF_TEXT];
    this.#specials = new RegExp(`(${kept.map((symbol) => RegExp.escape(symbol)).join("|")})`);
  }

  /** Loads the ranks and makes the vocabulary, once for each set of rules. */
  static load({ strips = false }: BytePairRules = {}): Promise<BytePairVocabulary> {
    const make = async () => {
      const { default: tokens } = await import("gpt-tokenizer/bpeRanks/r50k_base");
      return new BytePairVocabulary(tokens, strips);
    };
    const vocabulary = loaded.get(strips) ?? make();
    loaded.set(strips, vocabulary);
    return vocabulary;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** The id that ends every file of a corpus. */
  get endOfText(): number {
    return this.size - MADE_UP.length - 1;
  }

  /** GPT-2's names of the symbols: one printable character for each byte. */
  get symbols(): readonly string[] {
    return this.#symbols ??= this.#bytes.map((bytes, id) =>
      id < this.endOfText
        ? Array.from(bytes, (byte) => BYTE_NAMES[byte]).join("")
        : new TextDecoder().decode(bytes)
    );
  }

  get fingerprint(): string {
    return sha256(JSON.stringify(this)).slice(0, 16);
  }

  has(symbol: string): boolean {
    return this.#idOf(symbol) !== undefined;
  }

  lookup(symbol: string): number {
    const id = this.#idOf(symbol);
    if (id !== undefined) return id;
    throw new DataError(
      `Cannot find ${JSON.stringify(symbol)} among the ${this.size} byte pairs: give the name of ` +
        "one, in which the space is Ġ",
    );
  }

  /** The ids of a whole text, without a mark of its end. `<|endoftext|>` in it is that mark. */
  encode(text: string): Uint32Array {
    const ids: number[] = [];
    this.encodePart(text, { begins: true, ends: true }, (id) => ids.push(id));
    return Uint32Array.from(ids);
  }

  /**
   * Calls `emit` with the ids of a part of a text. Parts must end in front of white space that
   * follows other characters, where no token spans both.
   *
   * @returns whether the next part begins a piece
   */
  encodePart(text: string, { begins, ends }: Edges, emit: (id: number) => void): boolean {
    const lines = this.strips ? text.replace(/\r\n?/g, "\n") : text;
    const pieces = lines.split(this.#specials);
    for (const [i, piece] of pieces.entries()) {
      const isSpecial = i % 2 === 1;
      if (isSpecial) {
        emit(this.lookup(piece));
        continue;
      }
      const isLast = i === pieces.length - 1;
      let kept = piece;
      if (this.strips && (begins || i > 0)) kept = kept.replace(OUTER_SPACE.left, "");
      if (this.strips && (ends || !isLast)) kept = kept.replace(OUTER_SPACE.right, "");
      this.#encoder.encode(kept, emit);
    }
    return pieces.at(-1) === "" && (begins || pieces.length > 1);
  }

  /** The bytes of `ids` as UTF-8; U+FFFD stands for bytes that are not. */
  decode(ids: Iterable<number>): string {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let text = "";
    for (const id of ids) text += decoder.decode(this.bytesOf(id), { stream: true });
    return text + decoder.decode();
  }

  /** The bytes of a symbol. */
  bytesOf(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes === undefined) throw new RangeError(`Cannot decode id ${id}: V is ${this.size}`);
    return bytes;
  }

  toJSON(): VocabularyRecord {
    return { kind: this.kind, strips: this.strips };
  }

  #idOf(symbol: string): number | undefined {
    this.#ids ??= new Map(this.symbols.map((name, id) => [name, id]));
    return this.#ids.get(symbol);
  }
}
