/**
 * Random access to the bytes of a file, for archives with an index at their end.
 *
 * @module
 */

/** Bytes of one read. */
const CHUNK_BYTES = 1 << 18;

/** An open file. */
export class FileBytes implements Disposable {
  /** Length in bytes. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  #lastRead: Promise<unknown> = Promise.resolve();

  private constructor(file: Deno.FsFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Opens a file for reading. */
  static async open(path: string): Promise<FileBytes> {
    const file = await Deno.open(path);
    return new FileBytes(file, (await file.stat()).size);
  }

  /** At most `length` bytes from `offset`; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    // In turn: a stream that was left early may still be reading ahead.
    const read = this.#lastRead.then(() => this.#readNow(offset, length));
    this.#lastRead = read.catch(() => {});
    return read;
  }

  async #readNow(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    await this.#file.seek(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < bytes.length) {
      const read = await this.#file.read(bytes.subarray(done));
      if (read === null) break;
      done += read;
    }
    return bytes.subarray(0, done);
  }

  /** The bytes from `offset` in chunks of their own. */
  async *chunks(
    offset = 0,
    length: number = this.size - offset,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let done = 0; done < length;) {
      const chunk = await this.read(offset + done, Math.min(CHUNK_BYTES, length - done));
      if (chunk.length === 0) return;
      done += chunk.length;
      yield chunk;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
