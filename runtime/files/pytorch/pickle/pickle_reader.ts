/**
 * Primitive values of a pickle, read from a window of its file, and the memory that they may take.
 *
 * @module
 */
import { FileFault } from "../../file_fault.ts";

/** Longest pickle that is read: those of vocabularies of a million words are far shorter. */
export const MAX_PICKLE_BYTES: number = 256 << 20;

/** Longest whole number, in bytes. */
const MAX_INTEGER_BYTES = 256;

const LINE_FEED = 0x0a;

/** The pickle goes on behind its window. */
export class PickleWindowEnd extends Error {
  /** Bytes that the window must have at least. */
  readonly needed: number;

  /** The window is too short. */
  constructor(needed: number) {
    super(`${needed} bytes are needed`);
    this.needed = needed;
  }
}

/**
 * Memory that values may take, in bytes as V8 needs them. Everything that is made is charged and
 * nothing is given back, which bounds the time as well.
 */
export class MemoryBudget {
  #left: number;

  /** A budget for a pickle of so many bytes. */
  constructor(pickleBytes: number) {
    this.#left = (64 << 20) + 6 * pickleBytes;
  }

  /**
   * Takes from it.
   *
   * @throws {FileFault} When it is used up
   */
  charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new FileFault("its objects take more memory than a file of this length may");
    }
  }
}

/** Bytes of a pickle from the front. */
export class PickleReader {
  /** Position of the next byte. */
  position = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #budget: MemoryBudget;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** A reader of a window. */
  constructor(bytes: Uint8Array<ArrayBuffer>, budget: MemoryBudget) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = budget;
  }

  /** An unsigned byte. */
  byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  /** An unsigned number of two bytes. */
  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  /** An unsigned number of four bytes. */
  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A signed number of four bytes. */
  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** A length of eight bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** A float64, the only number with the high byte first. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A signed whole number of any length; a bigint beyond the exact integers. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) throw new FileFault(`it has a number of ${length} bytes`);
    const at = this.#skip(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(this.#bytes[at + i]!);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  /** Bytes, copied. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#skip(length);
    this.#budget.charge(100 + length);
    return this.#bytes.slice(at, at + length);
  }

  /**
   * Text in UTF-8.
   *
   * @throws {FileFault} When it is not UTF-8
   */
  text(length: number): string {
    const text = this.#decoded(length);
    if (text === undefined) throw new FileFault("it has text that is not UTF-8");
    return text;
  }

  /** Text of Python 2, whose bytes may be anything: text where they are UTF-8. */
  textOrBytes(length: number): string | Uint8Array<ArrayBuffer> {
    const start = this.position;
    const text = this.#decoded(length);
    if (text !== undefined) return text;
    this.position = start;
    return this.bytes(length);
  }

  /** Text up to a line feed, which is skipped. */
  line(): string {
    const end = this.#bytes.indexOf(LINE_FEED, this.position);
    if (end < 0) throw new PickleWindowEnd(this.#bytes.length + 1);
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  #decoded(length: number): string | undefined {
    const at = this.#skip(length);
    this.#budget.charge(32 + length);
    try {
      return this.#utf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      return undefined;
    }
  }

  /** Moves on and returns the position before. */
  #skip(length: number): number {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new PickleWindowEnd(end);
    const before = this.position;
    this.position = end;
    return before;
  }
}
