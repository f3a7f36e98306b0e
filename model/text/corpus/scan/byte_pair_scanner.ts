/**
 * A scanner of byte pairs: its provisional ids are those of the vocabulary. The mark of the end of a
 * text follows every file.
 *
 * @module
 */
import type { BytePairVocabulary } from "../../vocabulary/byte_pair_vocabulary.ts";
import { isWhitespace } from "../../vocabulary/whitespace.ts";
import { IdSpool } from "../../tokens/id_spool.ts";
import type { Scanner } from "./scanner.ts";
import { LINE_FEED } from "./utf8.ts";
import { checkFits, Utf8Text } from "./utf8_text.ts";

/** A {@link Scanner} for byte pairs. */
export class BytePairScanner implements Scanner {
  readonly ids: IdSpool;
  readonly lineEnd: number;
  readonly #vocabulary: BytePairVocabulary;
  #path = "";
  #text = new Utf8Text("", 0);
  /** The characters behind the last place where the text could be cut. */
  #rest = "";
  #begins = true;

  /** A scanner with the rules of a vocabulary, which appends to `ids`. */
  constructor(vocabulary: BytePairVocabulary, ids: IdSpool = new IdSpool()) {
    this.ids = ids;
    this.#vocabulary = vocabulary;
    this.lineEnd = vocabulary.encode("a\na")[1]!;
  }

  symbols(): readonly string[] {
    return this.#vocabulary.symbols;
  }

  linesIn(id: number): number {
    return this.#vocabulary.bytesOf(id).filter((byte) => byte === LINE_FEED).length;
  }

  startFile(path: string, firstByte: number): void {
    this.#path = path;
    this.#text = new Utf8Text(path, firstByte);
    this.#rest = "";
    this.#begins = true;
  }

  push(chunk: Uint8Array): void {
    const text = this.#text.decode(chunk);
    checkFits(this.#rest.length + text.length, this.#path, "a piece without white space");
    this.#rest += text;
    const cut = lastCut(this.#rest);
    this.#encode(this.#rest.slice(0, cut), false);
    this.#rest = this.#rest.slice(cut);
  }

  endFile(): void {
    this.#text.end();
    this.#encode(this.#rest, true);
    this.ids.push(this.#vocabulary.endOfText);
  }

  #encode(text: string, ends: boolean): void {
    if (text === "") return;
    const begins = this.#begins;
    this.#begins = this.#vocabulary.encodePart(
      text,
      { begins, ends },
      (id) => this.ids.push(id),
    );
  }
}

/** The last place in front of white space that follows another character; no token spans both. */
function lastCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (isSpace(text.charCodeAt(at)) && !isSpace(text.charCodeAt(at - 1))) return at;
  }
  return 0;
}

/** Whether the pattern of byte pairs takes a code unit as white space, unlike Python. */
function isSpace(unit: number): boolean {
  return isWhitespace(unit) && !(unit >= 0x1c && unit <= 0x1f);
}
