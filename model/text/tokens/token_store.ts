/**
 * Token ids that are replaced after all of them are known: in memory, or in a file where they are
 * many.
 *
 * @module
 */
import type { ScratchFile } from "@transformer-xl/runtime";
import { StoredTokens } from "./stored_tokens.ts";
import { blocksOf, type TokenSequence } from "./token_sequence.ts";

/** Where the ids of a text are while it is encoded. */
export interface TokenStore extends Disposable {
  /** Number of ids. */
  readonly length: number;
  /** The ids from `from` to before `to`; they follow later changes. */
  tokens(from?: number, to?: number): TokenSequence;
  /**
   * Replaces the ids from `from` to before `to`, block by block.
   *
   * @param change changes a block in place and returns how many of its ids stay, at its start
   * @returns the end of the ids that stay; they begin at `from` and have no gaps
   */
  update(from: number, to: number, change: (block: Uint32Array) => number): number;
}

/** A store in memory. */
export class MemoryStore implements TokenStore {
  readonly #ids: Uint32Array<ArrayBuffer>;

  /** Owns `ids`. */
  constructor(ids: Uint32Array<ArrayBuffer>) {
    this.#ids = ids;
  }

  get length(): number {
    return this.#ids.length;
  }

  tokens(from = 0, to = this.length): Uint32Array<ArrayBuffer> {
    return this.#ids.subarray(from, to);
  }

  update(from: number, to: number, change: (block: Uint32Array) => number): number {
    return from + change(this.#ids.subarray(from, to));
  }

  [Symbol.dispose](): void {}
}

/** A store in a file. */
export class FileStore implements TokenStore {
  readonly length: number;
  readonly #file: ScratchFile;

  /** Owns `file`, which holds ids and nothing else. */
  constructor(file: ScratchFile) {
    this.#file = file;
    this.length = file.size / Uint32Array.BYTES_PER_ELEMENT;
  }

  tokens(from = 0, to = this.length): StoredTokens {
    return new StoredTokens(this.#file, from, to - from);
  }

  update(from: number, to: number, change: (block: Uint32Array) => number): number {
    let end = from;
    // A block is written where it was read, or in front of that.
    for (const block of blocksOf(this.tokens(from, to))) {
      const kept = change(block);
      const bytes = new Uint8Array(block.buffer, 0, kept * Uint32Array.BYTES_PER_ELEMENT);
      this.#file.writeAt(end * Uint32Array.BYTES_PER_ELEMENT, bytes);
      end += kept;
    }
    return end;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
