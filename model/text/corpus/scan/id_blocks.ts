/**
 * A growable list of ids for streams of unknown length. It grows in blocks, so ids are never
 * copied.
 *
 * @module
 */

const BLOCK_IDS = 1 << 20;

/** Length of the first block: most files are short. */
const FIRST_IDS = 1 << 12;

/** An append-only list of unsigned 32-bit ids. */
export class IdBlocks {
  #full: Uint32Array[] = [];
  #block = new Uint32Array(FIRST_IDS);
  #used = 0;
  /** Ids in the full blocks. */
  #inFull = 0;

  /** Ids appended so far. */
  get length(): number {
    return this.#inFull + this.#used;
  }

  /** Appends one id. */
  push(id: number): void {
    if (this.#used === this.#block.length) {
      this.#full.push(this.#block);
      this.#inFull += this.#used;
      this.#block = new Uint32Array(BLOCK_IDS);
      this.#used = 0;
    }
    this.#block[this.#used++] = id;
  }

  /** All ids as one array; the list is empty afterwards. */
  take(): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(this.length);
    let at = 0;
    for (let block = this.#full.shift(); block !== undefined; block = this.#full.shift()) {
      ids.set(block, at);
      at += block.length;
    }
    ids.set(this.#block.subarray(0, this.#used), at);
    this.#used = this.#inFull = 0;
    return ids;
  }
}
