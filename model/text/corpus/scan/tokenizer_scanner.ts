/**
 * A scanner of files by a tokenizer: its rules may depend on all of a text, so a file is encoded
 * when it ends. Provisional ids are those of the vocabulary.
 *
 * @module
 */
import type { TokenizerVocabulary } from "../../vocabulary/tokenizer_vocabulary.ts";
import { IdSpool } from "../../tokens/id_spool.ts";
import type { Scanner } from "./scanner.ts";
import { checkFits, Utf8Text } from "./utf8_text.ts";

/** A {@link Scanner} for the symbols of a tokenizer. */
export class TokenizerScanner implements Scanner {
  readonly ids: IdSpool;
  readonly lineEnd: number;
  readonly #vocabulary: TokenizerVocabulary;
  #decoder = new Utf8Text("", 0);
  #text: string[] = [];
  #length = 0;
  #path = "";

  /** A scanner with the rules of a vocabulary, which appends to `ids`. */
  constructor(vocabulary: TokenizerVocabulary, ids: IdSpool = new IdSpool()) {
    this.ids = ids;
    this.#vocabulary = vocabulary;
    this.lineEnd = vocabulary.lineFeed ?? -1;
  }

  symbols(): readonly string[] {
    return this.#vocabulary.symbols;
  }

  linesIn(id: number): number {
    return this.#vocabulary.linesIn(id);
  }

  startFile(path: string, firstByte: number): void {
    this.#decoder = new Utf8Text(path, firstByte);
    this.#text = [];
    this.#length = 0;
    this.#path = path;
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk);
    this.#length += text.length;
    checkFits(this.#length, this.#path, "a text, which a tokenizer takes whole,");
    this.#text.push(text);
  }

  endFile(): void {
    this.#decoder.end();
    for (const id of this.#vocabulary.encode(this.#text.join(""))) this.ids.push(id);
    this.#text = [];
  }
}
