/**
 * A lazy reader of safetensors: opening reads and validates the header; tensors are read on
 * demand, whole or by byte range. Nothing in a file is executed, and every inconsistency is a
 * {@link CheckpointError} that names the file.
 *
 * @module
 */
import { quoted } from "../../base/one_line.ts";
import { storedDigest } from "./content_digest.ts";
import { CheckpointError } from "../../base/errors.ts";
import { type Hash, Sha256 } from "../../base/sha256.ts";
import { FileFault, readFault } from "../file_fault.ts";
import type { ByteSource } from "./byte_source.ts";
import { isFiniteData, isNonNegativeData } from "./finite_data.ts";
import {
  MAX_HEADER_BYTES,
  parseHeader,
  SAFETENSORS_ARRAYS,
  type SafetensorsArrays,
  type SafetensorsDtype,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "./header.ts";

/** Piece that {@link SafetensorsReader.verify} reads at a time, a multiple of every element. */
const VERIFY_BYTES = 4 << 20;

/** What {@link SafetensorsReader.verify} found. */
export interface SafetensorsVerification {
  /** False when the metadata hold no checksum, so that changes would go unnoticed. */
  readonly hasChecksum: boolean;
  /** The first tensor with an infinity or NaN. */
  readonly notFinite: string | undefined;
  /** The first tensor that must not, and does, hold a negative number. */
  readonly negative: string | undefined;
}

/** The header of a source, and its bytes. */
export interface StoredHeader {
  /** What it says. */
  readonly header: SafetensorsHeader;
  /** How it is spelled. */
  readonly headerBytes: Uint8Array<ArrayBuffer>;
}

/** Reads a header and checks it against the size of its source. */
export async function readHeader(source: ByteSource): Promise<StoredHeader> {
  const { size } = source;
  if (size < 8) {
    throw new FileFault(`it has ${size} bytes, so it is truncated or not a safetensors file`);
  }
  const word = await source.read(0, 8);
  const length = new DataView(word.buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    if (isOfPytorch(word)) {
      throw new FileFault("it is a file of PyTorch; `deno task import` makes a checkpoint of it");
    }
    if (isOfOnnx(word)) {
      throw new FileFault("it is an ONNX model; give the checkpoint that it was exported from");
    }
    throw new FileFault(
      `its header length reads ${length}, at most ${MAX_HEADER_BYTES} is possible, ` +
        `so it is damaged or not a safetensors file`,
    );
  }
  const headerLength = Number(length);
  if (8 + headerLength > size) {
    throw new FileFault(
      `it is truncated, ${size - 8} of ${headerLength} header bytes are there`,
    );
  }
  const headerBytes = await source.read(8, headerLength);
  return { headerBytes, header: parseHeader(headerBytes, size - 8 - headerLength) };
}

/** Whether a file starts as PyTorch's do: as a ZIP archive, or a pickle of protocol 2 or later. */
function isOfPytorch([first, second = 0]: Uint8Array): boolean {
  return first === 0x50 && second === 0x4b || first === 0x80 && second >= 2 && second <= 5;
}

/** Whether a file starts as ONNX models do: a version of the format, then a producer, graph or operator set. */
function isOfOnnx([first, version = 0, next = 0]: Uint8Array): boolean {
  return first === 0x08 && version > 0 && version < 0x80 && [0x12, 0x3a, 0x42].includes(next);
}

/** Tensors of a source, read on demand. It owns the source: close it, or use `using`. */
export class SafetensorsReader implements Disposable {
  /** Name of its source: the path of a file. */
  readonly path: string;
  readonly #source: ByteSource;
  readonly #header: SafetensorsHeader;
  readonly #headerBytes: Uint8Array<ArrayBuffer>;
  readonly #newHash: () => Hash;
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>;
  #closed = false;

  /** A reader of a source whose header was read. */
  protected constructor(
    source: ByteSource,
    { header, headerBytes }: StoredHeader,
    newHash: () => Hash,
  ) {
    this.path = source.name;
    this.#source = source;
    this.#header = header;
    this.#headerBytes = headerBytes;
    this.#newHash = newHash;
    this.#entries = new Map(header.entries.map((entry) => [entry.name, entry]));
  }

  /**
   * Reads and checks the header of a source, which is closed where that fails.
   *
   * @throws {CheckpointError} When it is truncated or inconsistent
   */
  static async read(source: ByteSource): Promise<SafetensorsReader> {
    try {
      return new SafetensorsReader(source, await readHeader(source), () => new Sha256());
    } catch (error) {
      source.close();
      throw readFault(source.name, error);
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
        `Cannot read tensor ${quoted(name, 80)} of ${quoted(this.path)}: ` +
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
   * Fills `target` with a tensor's bytes from `begin` on, before returning. No other read may be
   * going on.
   *
   * @throws {CheckpointError} When there is no such tensor, or the read fails
   * @throws {RangeError} When the range is not inside the tensor, or the source cannot do this
   */
  readAtSync(name: string, begin: number, target: Uint8Array): void {
    const { beginByte, endByte } = this.#entry(name);
    const offset = beginByte + begin;
    const isInside = begin >= 0 && offset + target.length <= endByte;
    if (!isInside || this.#source.readAtSync === undefined) {
      throw new RangeError(
        `Cannot read ${target.length} bytes at ${begin} of tensor ${JSON.stringify(name)}: ` +
          (isInside ? "its source has only asynchronous reads" : `it has ${endByte - beginByte}`),
      );
    }
    try {
      this.#source.readAtSync(8 + this.#headerBytes.length + offset, target);
    } catch (error) {
      throw readFault(this.path, error);
    }
  }

  /**
   * Reads the whole file once: compares it with the checksum in its metadata, and looks for numbers
   * that are not finite, or negative where they must not be.
   *
   * @param mustNotBeNegative Whether the numbers of a tensor are zero or above
   * @param onPiece Called with the bytes of every tensor, in order, in pieces of whole elements
   * @throws {CheckpointError} When the checksum is another
   */
  async verify(
    mustNotBeNegative: (name: string) => boolean = () => false,
    onPiece: (name: string, bytes: Uint8Array<ArrayBuffer>) => void = () => {},
  ): Promise<SafetensorsVerification> {
    const stored = this.metadata["sha256"];
    const digest = storedDigest(this.#header, this.#headerBytes, this.#newHash);
    let notFinite: string | undefined;
    let negative: string | undefined;
    for (const group of groupsOf(this.#header.entries)) {
      const first = group[0]!.beginByte;
      const last = group.at(-1)!.endByte;
      // One large tensor in pieces, or many small ones at once.
      for (let begin = first; begin < last || begin === first; begin += VERIFY_BYTES) {
        const end = group.length > 1 ? last : Math.min(begin + VERIFY_BYTES, last);
        const bytes = await this.#read(begin, end);
        for (const { name, dtype, beginByte, endByte } of group) {
          const piece = bytes.subarray(
            Math.max(beginByte, begin) - begin,
            Math.min(endByte, end) - begin,
          );
          digest?.update(piece);
          onPiece(name, piece);
          if (notFinite === undefined && !isFiniteData(dtype, piece)) notFinite = name;
          if (negative === undefined && mustNotBeNegative(name)) {
            negative = isNonNegativeData(dtype, piece) ? undefined : name;
          }
          if (endByte <= end) digest?.endTensor({ name, dtype, shape: this.shape(name) });
        }
        if (end === last) break;
      }
    }
    const actual = digest?.digest();
    if (actual !== stored) {
      throw new CheckpointError(
        `Cannot use ${quoted(this.path)}: its content has the sha256 ${actual}, ` +
          `${quoted(stored!, 80)} was written, so it was damaged or changed; use another copy`,
      );
    }
    return { hasChecksum: digest !== undefined, notFinite, negative };
  }

  /** Closes the source; nothing happens the second time. */
  close(): void {
    if (!this.#closed) this.#source.close();
    this.#closed = true;
  }

  /** As {@link SafetensorsReader.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      throw new CheckpointError(
        `Cannot find tensor ${quoted(name, 80)}: ${quoted(this.path)} has ` +
          `${this.#entries.size} others`,
      );
    }
    return entry;
  }

  async #read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.#source.read(8 + this.#headerBytes.length + begin, end - begin);
    } catch (error) {
      throw readFault(this.path, error);
    }
  }
}

/** Tensors that follow each other, together at most a piece; a larger one alone. */
function groupsOf(entries: readonly SafetensorsEntry[]): SafetensorsEntry[][] {
  const groups: SafetensorsEntry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const own = entry.endByte - entry.beginByte;
    bytes += own;
    if (bytes > VERIFY_BYTES) {
      groups.push([]);
      bytes = own;
    }
    groups.at(-1)!.push(entry);
  }
  return groups;
}
