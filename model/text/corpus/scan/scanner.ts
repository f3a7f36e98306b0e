/**
 * The interface of scanners, which turn bytes into provisional ids. Symbols are numbered in the
 * order of first occurrence over all files; the vocabulary is built afterwards from the counts and
 * the ids are renumbered, so every file is read once.
 *
 * @module
 */
import type { IdSpool } from "../../tokens/id_spool.ts";

/** Splits files that arrive in chunks of any size into symbols. */
export interface Scanner {
  /** The provisional ids of all files. */
  readonly ids: IdSpool;
  /** The provisional id that ends a line, or -1 if no line has ended. */
  readonly lineEnd: number;
  /** The symbols by provisional id. */
  symbols(): readonly string[];
  /** Line ends in a symbol, if symbols may have several; otherwise only `lineEnd` ends a line. */
  linesIn?(id: number): number;
  /** Starts a file whose text begins at `firstByte`; `path` is for messages. */
  startFile(path: string, firstByte: number): void;
  /**
   * Takes the next bytes of the file; a character or word may straddle two chunks.
   *
   * @throws {InvalidUtf8} if they are not UTF-8
   */
  push(chunk: Uint8Array): void;
  /**
   * Ends the file.
   *
   * @throws {InvalidUtf8} if it ends inside a character
   */
  endFile(): void;
}

/** Invalid UTF-8; the reader of the file detects its encoding. */
export class InvalidUtf8 extends Error {
  /** Name of the class. */
  override readonly name = "InvalidUtf8";
  /** Offset in the file. */
  readonly offset: number;

  /** Bytes of `path` from `offset` on. */
  constructor(path: string, offset: number) {
    super(`"${path}" is not UTF-8 at byte offset ${offset}`);
    this.offset = offset;
  }
}
