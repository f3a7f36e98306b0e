/**
 * A file for data that exceeds memory and nobody else reads. Where the system allows it, the file
 * loses its name when it is created, so that it ends with the process, whatever ends that.
 *
 * @module
 */
import { claimTemporary, type Temporary } from "./atomic_file.ts";
import { FileFault } from "./file_fault.ts";
import { writeAllSync } from "./write_all.ts";

/**
 * Bytes on disk that are read and written by position.
 *
 * @example
 * ```ts
 * import { ScratchFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * using file = ScratchFile.create(folder);
 * await Deno.remove(folder); // it is empty already
 * file.append(Uint8Array.of(1, 2, 3, 4));
 * file.writeAt(1, Uint8Array.of(9));
 * const bytes = new Uint8Array(3);
 * file.readAt(0, bytes);
 * assertEquals([...bytes], [1, 9, 3]);
 * ```
 */
export class ScratchFile implements Disposable {
  readonly #file: Deno.FsFile;
  /** Its name as long as it has one. */
  #name: Temporary | undefined;
  #size = 0;
  #closed = false;

  private constructor(file: Deno.FsFile, name: Temporary) {
    this.#file = file;
    this.#name = name;
    try {
      this.#removeName();
    } catch {
      // A system that keeps the names of open files: it is removed when the file is closed.
    }
  }

  /**
   * Creates an empty file.
   *
   * @param folder an existing folder
   * @throws the operating system's error when the folder cannot be written to
   */
  static create(folder: string): ScratchFile {
    const name = claimTemporary(`${folder}/scratch`);
    try {
      const options = { read: true, write: true, createNew: true, mode: 0o600 };
      return new ScratchFile(Deno.openSync(name.path, options), name);
    } catch (error) {
      name.release();
      throw error;
    }
  }

  /** Length in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Writes bytes at the end. */
  append(bytes: Uint8Array): void {
    this.writeAt(this.#size, bytes);
  }

  /** Writes bytes from `offset` on. */
  writeAt(offset: number, bytes: Uint8Array): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    writeAllSync(this.#file, bytes);
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  /**
   * Fills `target` with the bytes from `offset` on.
   *
   * @throws {FileFault} when there are fewer
   */
  readAt(offset: number, target: Uint8Array): void {
    readAtSync(this.#file, offset, target);
  }

  /** Deletes it. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
    this.#removeName();
  }

  #removeName(): void {
    if (this.#name === undefined) return;
    Deno.removeSync(this.#name.path);
    this.#name.release();
    this.#name = undefined;
  }
}

/**
 * Fills `target` with the bytes of a file from `offset` on, before returning.
 *
 * @throws {FileFault} when the file ends before
 */
export function readAtSync(file: Deno.FsFile, offset: number, target: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let done = 0; done < target.length;) {
    const read = file.readSync(target.subarray(done));
    if (read === null) throw new FileFault("it became shorter while it was read");
    done += read;
  }
}
