/**
 * Bytes in, provisional ids out. A scanner numbers symbols in the order of their first occurrence
 * over all files; the vocabulary is chosen afterwards from the counts and the ids are renumbered, so
 * every file is read and split once.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import type { IdBlocks } from "./id_blocks.ts";

/** Splits files that arrive in chunks of any size into symbols. */
export interface Scanner {
  /** Where the provisional ids of all files since the last `ids.take()` are collected. */
  readonly ids: IdBlocks;
  /** The provisional id that ends a line, or -1 if no line has ended. */
  readonly lineEnd: number;
  /** The symbols by provisional id. */
  symbols(): string[];
  /** Starts a file; `path` is for messages. */
  startFile(path: string): void;
  /**
   * Takes the next bytes of the file; a character or word may straddle two chunks.
   *
   * @throws {DataError} if they are not UTF-8; the message names the file and the byte offset.
   */
  push(chunk: Uint8Array): void;
  /**
   * Ends the file.
   *
   * @throws {DataError} if it ends inside a character.
   */
  endFile(): void;
}

/** The error for bytes that are not UTF-8. */
export function invalidUtf8(path: string, offset: number): DataError {
  return new DataError(
    `Cannot read text "${path}": it is not UTF-8 at byte offset ${offset}, ` +
      `convert it with iconv -t UTF-8`,
  );
}
