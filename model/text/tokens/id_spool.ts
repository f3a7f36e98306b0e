/**
 * A growing list of ids for streams of unknown length. It grows in blocks, so that ids are not
 * copied; beyond a limit, blocks go to a file.
 *
 * @module
 */
import { DataError, ScratchFile } from "@transformer-xl/runtime";
import { tmpdir } from "node:os";
import { FileStore, MemoryStore, type TokenStore } from "./token_store.ts";

const BLOCK_IDS = 1 << 20;

/** Length of the first block: most files are short. */
const FIRST_IDS = 1 << 12;

/** Limits of a list. */
export interface SpoolOptions {
  /** Ids in memory; more go to a file (default: all are in memory). */
  readonly memoryIds?: number | undefined;
  /** Folder of the file, made if it can be (otherwise and by default the system's temporary one). */
  readonly folder?: string | undefined;
}

/** An append-only list of unsigned 32-bit ids. */
export class IdSpool implements Disposable {
  readonly #memoryIds: number;
  readonly #folder: string | undefined;
  #full: Uint32Array<ArrayBuffer>[] = [];
  #block: Uint32Array<ArrayBuffer>;
  #used = 0;
  /** Ids in front of the current block. */
  #before = 0;
  #file: ScratchFile | undefined;

  /** An empty list. */
  constructor({ memoryIds = Infinity, folder }: SpoolOptions = {}) {
    this.#memoryIds = memoryIds;
    this.#folder = folder;
    this.#block = new Uint32Array(Math.max(1, Math.min(FIRST_IDS, memoryIds)));
  }

  /** Ids appended so far. */
  get length(): number {
    return this.#before + this.#used;
  }

  /** Appends one id. */
  push(id: number): void {
    if (this.#used === this.#block.length) this.#nextBlock();
    this.#block[this.#used++] = id;
  }

  /**
   * All ids, whose owner the caller becomes; the list is empty afterwards.
   *
   * @throws {DataError} when the file cannot be written
   */
  take(): TokenStore {
    const { length } = this;
    if (length > this.#memoryIds) this.#spill();
    const file = this.#file;
    this.#file = undefined;
    const blocks = [...this.#full, this.#block.subarray(0, this.#used)];
    this.#full = [];
    this.#used = this.#before = 0;
    if (file !== undefined) return new FileStore(file);
    const ids = new Uint32Array(length);
    let at = 0;
    for (const block of blocks) {
      ids.set(block, at);
      at += block.length;
    }
    return new MemoryStore(ids);
  }

  /** Deletes the file, if there is one. */
  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #nextBlock(): void {
    if (this.#file !== undefined || this.length > this.#memoryIds) {
      this.#spill();
      return;
    }
    this.#full.push(this.#block);
    this.#before += this.#used;
    this.#block = new Uint32Array(Math.max(1, Math.min(BLOCK_IDS, this.#memoryIds)));
    this.#used = 0;
  }

  /** Moves all ids to the file. */
  #spill(): void {
    try {
      this.#file ??= createFile(this.#folder);
      for (const block of this.#full) this.#file.append(new Uint8Array(block.buffer));
      const { buffer } = this.#block;
      const length = this.#used * Uint32Array.BYTES_PER_ELEMENT;
      this.#file.append(new Uint8Array(buffer, 0, length));
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      throw new DataError(
        `Cannot keep ${this.length} tokens on disk: ${error.message}, ` +
          "free 8 bytes for each token of the text",
        { cause: error },
      );
    }
    this.#full = [];
    this.#before += this.#used;
    this.#used = 0;
  }
}

function createFile(folder: string | undefined): ScratchFile {
  if (folder !== undefined) {
    try {
      Deno.mkdirSync(folder, { recursive: true });
      return ScratchFile.create(folder);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
  return ScratchFile.create(tmpdir());
}
