/**
 * A scanner of bytes. No file is invalid: bytes need not be text.
 *
 * @module
 */
import { byteSymbol } from "../../vocabulary/byte_vocabulary.ts";
import { IdSpool } from "../../tokens/id_spool.ts";
import type { Scanner } from "./scanner.ts";
import { LINE_FEED } from "./utf8.ts";

/** A {@link Scanner} for bytes. */
export class ByteScanner implements Scanner {
  readonly ids: IdSpool;
  /** Byte to provisional id + 1; 0 is unseen. */
  #seen = new Uint16Array(256);
  #bytes: number[] = [];

  /** A scanner that appends to `ids`. */
  constructor(ids: IdSpool = new IdSpool()) {
    this.ids = ids;
  }

  get lineEnd(): number {
    return this.#seen[LINE_FEED]! - 1;
  }

  symbols(): string[] {
    return this.#bytes.map(byteSymbol);
  }

  startFile(): void {}

  push(chunk: Uint8Array): void {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#seen[byte] === 0) this.#seen[byte] = this.#bytes.push(byte);
      this.ids.push(this.#seen[byte]! - 1);
    }
  }

  endFile(): void {}
}
