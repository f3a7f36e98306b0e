/**
 * Memory of a device that has an owner and a size.
 *
 * @module
 */
import type { DType } from "../tensor/dtype.ts";
import type { Role, Storage, StorageSpec } from "../tensor/tensor.ts";

/** A storage that is freed once. */
export class OwnedStorage implements Storage {
  /** Name in messages. */
  readonly label: string;
  /** What it is for. */
  readonly role: Role;
  /** Element type. */
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  /** Size on the device. */
  readonly bytes: number;
  readonly #free: () => void;
  #live = true;

  /** @param free called when it is disposed for the first time */
  constructor({ label, role, dtype, length }: StorageSpec, bytes: number, free: () => void) {
    this.label = label;
    this.role = role;
    this.dtype = dtype;
    this.length = length;
    this.bytes = bytes;
    this.#free = free;
  }

  /** False once it was freed. */
  get live(): boolean {
    return this.#live;
  }

  /** Frees the memory. */
  [Symbol.dispose](): void {
    if (!this.#live) return;
    this.#live = false;
    this.#free();
  }
}

/** Bytes of storages by role. */
export function bytesByRole(storages: readonly OwnedStorage[]): Partial<Record<Role, number>> {
  const total: Partial<Record<Role, number>> = {};
  for (const { role, bytes } of storages) total[role] = (total[role] ?? 0) + bytes;
  return total;
}
