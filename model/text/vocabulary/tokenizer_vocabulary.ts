/**
 * A vocabulary from a `tokenizer.json` file of Hugging Face's format. The file is part of the
 * vocabulary's record, so that a checkpoint works without it. The library that reads it is loaded
 * on first use.
 *
 * @module
 */
import { DataError, messageOf, sha256 } from "@transformer-xl/runtime/core";
import { z } from "zod";
import { bytesOfNames, textOfBytes } from "./byte_names.ts";
import type { Vocabulary, VocabularyRecord } from "./vocabulary.ts";

/** What is used of the library. */
interface Tokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  get_vocab(withAddedTokens: boolean): Map<string | undefined, number>;
}

/** The part of a file that its use depends on. */
const tokenizerFile = z.object({
  model: z.object({ type: z.string().optional(), unk_token: z.string().nullish() }),
  decoder: z.looseObject({
    type: z.string(),
    decoders: z.array(z.looseObject({ type: z.string() })).optional(),
  }).nullish(),
});

/** Largest id of a file: its symbols are listed by id. */
const MAX_ID = 1 << 22;

/** The name of a byte that no other symbol has. */
const BYTE = /^<0x([0-9A-F]{2})>$/;

/** Names of a line feed: of byte-level tokenizers, of others, and of bytes that stand for themselves. */
const LINE_FEEDS: readonly string[] = ["Ċ", "\n", "<0x0A>"];

/**
 * The vocabulary of a tokenizer.
 *
 * @example
 * ```ts
 * import { TokenizerVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = await TokenizerVocabulary.parse(JSON.stringify({
 *   added_tokens: [],
 *   normalizer: null,
 *   pre_tokenizer: { type: "Whitespace" },
 *   post_processor: null,
 *   decoder: null,
 *   model: { type: "WordLevel", vocab: { "[UNK]": 0, to: 1, be: 2 }, unk_token: "[UNK]" },
 * }));
 * assertEquals([...vocabulary.encode("to be or")], [1, 2, 0]);
 * ```
 */
export class TokenizerVocabulary implements Vocabulary {
  readonly kind = "tokenizer";
  readonly symbols: readonly string[];
  /** The id of what the tokenizer does not know, if it has one. */
  readonly unknownId: number | undefined;
  readonly #json: string;
  readonly #tokenizer: Tokenizer;
  readonly #ids: ReadonlyMap<string, number>;
  /** Whether characters of symbols are names of bytes. */
  readonly #namesBytes: boolean;
  #fingerprint: string | undefined;

  private constructor(
    json: string,
    tokenizer: Tokenizer,
    { model: { unk_token: unknown }, decoder }: z.infer<typeof tokenizerFile>,
  ) {
    this.#json = json;
    this.#tokenizer = tokenizer;
    this.#namesBytes = [decoder, ...decoder?.decoders ?? []].some((each) =>
      each?.type === "ByteLevel"
    );
    // The library has entries without a symbol for ids that a file leaves out.
    this.#ids = new Map(
      [...tokenizer.get_vocab(true)]
        .filter((entry): entry is [string, number] => entry[0] !== undefined),
    );
    this.unknownId = typeof unknown === "string" ? this.#ids.get(unknown) : undefined;
    const size = [...this.#ids.values()].reduce((most, id) => Math.max(most, id + 1), 0);
    if (size < 2 || size > MAX_ID) throw new DataError(`its ids end at ${size - 1}`);
    const symbols = Array.from({ length: size }, (_, id) => `<unused ${id}>`);
    for (const [symbol, id] of this.#ids) symbols[id] = symbol;
    this.symbols = symbols;
  }

  /**
   * The vocabulary of the text of a `tokenizer.json` file.
   *
   * @throws {DataError} if it is not of that format
   */
  static async parse(json: string): Promise<TokenizerVocabulary> {
    const { Tokenizer } = await import("@huggingface/tokenizers");
    try {
      const file: unknown = JSON.parse(json);
      const read = tokenizerFile.parse(file);
      return new TokenizerVocabulary(json, new Tokenizer(file as object, {}), read);
    } catch (error) {
      const reason = error instanceof z.ZodError
        ? `"${error.issues[0]?.path.join(".")}" is wrong`
        : messageOf(error).split("\n")[0]!.slice(0, 160);
      throw new DataError(
        `Cannot read a tokenizer: it is no tokenizer.json of Hugging Face's format (${reason}), ` +
          "give one that its libraries read",
        { cause: error },
      );
    }
  }

  get size(): number {
    return this.symbols.length;
  }

  get fingerprint(): string {
    return this.#fingerprint ??= sha256(JSON.stringify(["tokenizer", this.#json])).slice(0, 16);
  }

  /** The id of a line feed, if one symbol is a single one. */
  get lineFeed(): number | undefined {
    const name = LINE_FEEDS.find((symbol) => this.has(symbol));
    return name === undefined ? undefined : this.#ids.get(name);
  }

  /** Line feeds in a symbol. */
  linesIn(id: number): number {
    const symbol = this.symbols[id]!;
    return symbol === LINE_FEEDS[2] ? 1 : symbol.match(/[Ċ\n]/g)?.length ?? 0;
  }

  has(symbol: string): boolean {
    return this.#ids.has(symbol);
  }

  lookup(symbol: string): number {
    const id = this.#ids.get(symbol) ?? this.unknownId;
    if (id !== undefined) return id;
    throw new DataError(
      `Cannot find ${JSON.stringify(symbol)} among the ${this.size} symbols of the tokenizer: it ` +
        "has no symbol for unknown ones, give the name of one",
    );
  }

  /** The ids of a text by the rules of the tokenizer, without the special symbols that it may add. */
  encode(text: string): Uint32Array {
    return Uint32Array.from(this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  decode(ids: Iterable<number>): string {
    const list = [...ids];
    const wrong = list.find((id) => this.symbols[id] === undefined);
    if (wrong !== undefined) throw new RangeError(`Cannot decode id ${wrong}: V is ${this.size}`);
    const named = list.filter((id) => this.#ids.has(this.symbols[id]!));
    return named.length === 0
      ? ""
      : this.#tokenizer.decode(named, { clean_up_tokenization_spaces: false });
  }

  /**
   * The text that a symbol stands for behind another one, or at the start of a text: bytes that are a
   * part of a character by number, as in `\\xc3`, and the symbol itself where it stands for nothing.
   */
  textOf(id: number, before?: number): string {
    const symbol = this.symbols[id] ?? String(id);
    const bytes = this.#bytesOf(symbol);
    if (bytes !== undefined) return textOfBytes(bytes);
    const start = before === undefined ? [] : [before];
    return this.decode([...start, id]).slice(this.decode(start).length) || symbol;
  }

  /** The bytes of a symbol whose text depends on nothing else. */
  #bytesOf(symbol: string): Uint8Array | undefined {
    const [, digits] = BYTE.exec(symbol) ?? [];
    if (digits !== undefined) return Uint8Array.fromHex(digits);
    return this.#namesBytes ? bytesOfNames(symbol) : undefined;
  }

  toJSON(): VocabularyRecord {
    return { kind: this.kind, json: this.#json };
  }
}
