/**
 * Bytes of the storages of a PyTorch file, as both of its formats hold them.
 *
 * @module
 */

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
  /**
   * The bytes of a storage.
   *
   * @param key its name
   * @throws {FileFault} When they are missing or damaged
   */
  data(key: string): Promise<StorageData>;
}
