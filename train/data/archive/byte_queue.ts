/**
 * Bytes of a stream taken in pieces of a wanted length.
 *
 * @module
 */

/** A stream that is read by length. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  /** Reads from `source` as bytes are asked for. */
  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer at the end of the stream. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let done = 0;
    for await (const chunk of this.chunks(length)) {
      bytes.set(chunk, done);
      done += chunk.length;
    }
    return bytes.subarray(0, done);
  }

  /** The next `length` bytes in chunks; the rest stays for later calls. */
  async *chunks(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) return;
        this.#rest = next.value;
        continue;
      }
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  /** Drops bytes. */
  async skip(length: number): Promise<void> {
    for await (const _ of this.chunks(length));
  }
}
