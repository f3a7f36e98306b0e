/**
 * Reads safetensors files lazily: opening reads and checks the header, each tensor is read when
 * asked for, whole or by ranges of bytes. Nothing in a file is ever executed, and every way in
 * which a file can disagree with itself is one {@link CheckpointError} naming the file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { CheckpointError } from "./errors.ts";
import {
  BLANK_SHA256,
  HeaderFault,
  MAX_HEADER_BYTES,
  parseHeader,
  SAFETENSORS_ARRAYS,
  type SafetensorsArrays,
  type SafetensorsDtype,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "./safetensors_header.ts";

export type { SafetensorsArrays, SafetensorsDtype } from "./safetensors_header.ts";
export * from "./safetensors_writer.ts";

/** Piece that {@link SafetensorsFile.verify} reads at a time. */
const VERIFY_BYTES = 8 << 20;

/**
 * An open safetensors file. It holds a file handle: close it, or declare it with `using`.
 *
 * @example
 * ```ts
 * import { encodeSafetensors, SafetensorsFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const values = Uint32Array.of(1, 2, 3, 4, 5, 6);
 * const pieces = encodeSafetensors([{ name: "ids", dtype: "U32", shape: [2, 3], values }]);
 * await Deno.writeFile(path, ReadableStream.from(pieces));
 *
 * using file = await SafetensorsFile.open(path);
 * await file.verify();
 * assertEquals(file.names, ["ids"]);
 * assertEquals(file.shape("ids"), [2, 3]);
 * assertEquals(await file.tensor("ids", "U32"), values);
 * await Deno.remove(path);
 * ```
 */
export class SafetensorsFile implements Disposable {
  /** The path it was opened by. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #header: SafetensorsHeader;
  readonly #headerBytes: Uint8Array<ArrayBuffer>;
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The last read asked for; reads share one file position, so each waits for the one before. */
  #lastRead: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    file: Deno.FsFile,
    header: SafetensorsHeader,
    headerBytes: Uint8Array<ArrayBuffer>,
  ) {
    this.path = path;
    this.#file = file;
    this.#header = header;
    this.#headerBytes = headerBytes;
    this.#entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  }

  /**
   * Opens a file and checks its header against its size.
   *
   * @throws {CheckpointError} When the file is missing, truncated or inconsistent
   */
  static async open(path: string): Promise<SafetensorsFile> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(path);
      const { size, isFile } = await file.stat();
      if (!isFile) throw new HeaderFault("it is not a file");
      if (size < 8) throw new HeaderFault(`it has ${size} bytes, a header length has 8`);
      const word = await readAt(file, 0, 8);
      const length = new DataView(word.buffer).getBigUint64(0, true);
      if (length > MAX_HEADER_BYTES) {
        throw new HeaderFault(
          `its header length reads ${length}, at most ${MAX_HEADER_BYTES} is possible, ` +
            `so it is damaged or not a safetensors file`,
        );
      }
      const headerLength = Number(length);
      if (8 + headerLength > size) {
        throw new HeaderFault(
          `it is truncated, ${size - 8} of ${headerLength} header bytes are there`,
        );
      }
      const headerBytes = await readAt(file, 8, headerLength);
      const header = parseHeader(headerBytes, size - 8 - headerLength);
      return new SafetensorsFile(path, file, header, headerBytes);
    } catch (error) {
      file?.close();
      throw fault(path, error);
    }
  }

  /** Tensor names in the order of their bytes. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The file's "__metadata__", empty when it has none. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#header.metadata;
  }

  /** True when the file holds a tensor of this name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Sizes of a tensor's axes.
   *
   * @throws {CheckpointError} When there is no such tensor
   */
  shape(name: string): readonly number[] {
    return this.#entry(name).shape;
  }

  /**
   * Element type of a tensor.
   *
   * @throws {CheckpointError} When there is no such tensor
   */
  dtype(name: string): SafetensorsDtype {
    return this.#entry(name).dtype;
  }

  /**
   * Length of a tensor in bytes.
   *
   * @throws {CheckpointError} When there is no such tensor
   */
  byteLength(name: string): number {
    const { beginByte, endByte } = this.#entry(name);
    return endByte - beginByte;
  }

  /**
   * Reads a tensor, row-major.
   *
   * @param dtype The type wanted; elements are not converted
   * @throws {CheckpointError} When there is no such tensor, it has another dtype, or the read fails
   */
  async tensor<D extends SafetensorsDtype>(name: string, dtype: D): Promise<SafetensorsArrays[D]>;
  /**
   * Reads a tensor of any dtype, row-major.
   *
   * @throws {CheckpointError} When there is no such tensor, or the read fails
   */
  async tensor(name: string): Promise<SafetensorsArrays[SafetensorsDtype]>;
  async tensor(
    name: string,
    dtype?: SafetensorsDtype,
  ): Promise<SafetensorsArrays[SafetensorsDtype]> {
    const entry = this.#entry(name);
    if (dtype !== undefined && dtype !== entry.dtype) {
      throw new CheckpointError(
        `Cannot read tensor ${JSON.stringify(name)} of ${JSON.stringify(this.path)}: ` +
          `it is ${entry.dtype}, ${dtype} is wanted`,
      );
    }
    const bytes = await this.#read(entry.beginByte, entry.endByte);
    const Elements = SAFETENSORS_ARRAYS[entry.dtype];
    return new Elements(bytes.buffer) as SafetensorsArrays[SafetensorsDtype];
  }

  /**
   * Reads a range of a tensor's bytes.
   *
   * @param begin First byte within the tensor, 0 by default
   * @param end One past the last byte, the tensor's length by default
   * @throws {CheckpointError} When there is no such tensor, or the read fails
   * @throws {RangeError} When the range is not inside the tensor
   */
  async bytes(name: string, begin = 0, end?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { beginByte, endByte } = this.#entry(name);
    const last = end ?? endByte - beginByte;
    if (!(0 <= begin && begin <= last && last <= endByte - beginByte)) {
      throw new RangeError(
        `Cannot read bytes ${begin} to ${last} of tensor ${JSON.stringify(name)}: ` +
          `it has ${endByte - beginByte}`,
      );
    }
    return await this.#read(beginByte + begin, beginByte + last);
  }

  /**
   * Reads the whole file and compares it with the digest in its metadata.
   *
   * @throws {CheckpointError} When the digest is missing or another
   */
  async verify(): Promise<void> {
    const stored = this.metadata["sha256"];
    if (stored === undefined || !/^[0-9a-f]{64}$/.test(stored)) {
      throw new CheckpointError(
        `Cannot verify ${JSON.stringify(this.path)}: its metadata has no "sha256"`,
      );
    }
    const blanked = blankDigest(this.#headerBytes, stored);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(blanked.length), true);
    const digest = createHash("sha256").update(length).update(blanked);
    for (let begin = 0; begin < this.#header.tensorBytes; begin += VERIFY_BYTES) {
      const end = Math.min(begin + VERIFY_BYTES, this.#header.tensorBytes);
      digest.update(await this.#read(begin, end));
    }
    const actual = digest.digest("hex");
    if (actual !== stored) {
      throw new CheckpointError(
        `Cannot use ${JSON.stringify(this.path)}: its content has the sha256 ${actual}, ` +
          `${stored} was written, so it was damaged or changed; use another copy`,
      );
    }
  }

  /** Closes the file handle. */
  close(): void {
    this.#file.close();
  }

  /** As {@link SafetensorsFile.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new CheckpointError(
        `Cannot find tensor ${JSON.stringify(name)}: ${JSON.stringify(this.path)} has ` +
          `${this.#entries.size} others`,
      );
    }
    return entry;
  }

  async #read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const offset = 8 + this.#headerBytes.length + begin;
    const before = this.#lastRead;
    const read = (async () => {
      await before;
      return await readAt(this.#file, offset, end - begin);
    })();
    this.#lastRead = read.catch(() => {});
    try {
      return await read;
    } catch (error) {
      throw fault(this.path, error);
    }
  }
}

/** The header as the writer digested it: zeros in the place of the digest. */
function blankDigest(
  headerBytes: Uint8Array<ArrayBuffer>,
  stored: string,
): Uint8Array<ArrayBuffer> {
  const blanked = headerBytes.slice();
  const text = new TextDecoder("latin1").decode(blanked);
  const at = text.indexOf(`"sha256":"${stored}"`);
  if (at >= 0) blanked.set(new TextEncoder().encode(BLANK_SHA256), at + 10);
  return blanked;
}

async function readAt(
  file: Deno.FsFile,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const read = await file.read(bytes.subarray(done));
    if (read === null) throw new HeaderFault(`it became shorter while it was read`);
    done += read;
  }
  return bytes;
}

/** Names the file in what went wrong; programming errors pass. */
function fault(path: string, error: unknown): unknown {
  if (error instanceof HeaderFault) {
    return new CheckpointError(`Cannot read checkpoint ${JSON.stringify(path)}: ${error.message}`);
  }
  if (error instanceof Deno.errors.NotFound) {
    return new CheckpointError(
      `Cannot read checkpoint ${JSON.stringify(path)}: there is no such file, give the right path`,
      { cause: error },
    );
  }
  if (error instanceof Error && "code" in error) {
    return new CheckpointError(
      `Cannot read checkpoint ${JSON.stringify(path)}: ${error.message}`,
      { cause: error },
    );
  }
  return error;
}
