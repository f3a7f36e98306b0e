/**
 * Bytes of the storages of a PyTorch file, as both of its formats hold them.
 *
 * @module
 */
import { FileFault } from "../file_fault.ts";

/** Times that a file may be read: tensors share storages, and some are read to be compared. */
const MOST_TIMES = 16;
const SMALL_BYTES = 64 << 20;

/** Bytes of one storage. */
export interface StorageData {
  /** Length in bytes. */
  readonly length: number;
  /** Reads a range, which is inside. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A pickled value and the storages that it refers to. */
export interface StorageFile<Value> {
  /** The value. */
  readonly value: Value;
  /** What may be read of its storages. */
  readonly limit: ReadLimit;
  /**
   * The bytes of a storage.
   *
   * @param key its name
   * @throws {FileFault} When they are missing or damaged
   */
  data(key: string): Promise<StorageData>;
}

/** Bytes that may be read in all: thousands of small views could each want a large range. */
export class ReadLimit {
  #left: number;

  /** A limit for storages of so many bytes. */
  constructor(bytes: number) {
    this.#left = MOST_TIMES * bytes + SMALL_BYTES;
  }

  /**
   * Counts bytes that are read.
   *
   * @throws {FileFault} When there are too many
   */
  charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new FileFault("its tensors want the same bytes again and again");
  }
}
