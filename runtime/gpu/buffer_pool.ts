/**
 * A pool of buffers for the temporaries of all plans of a device. Plans never overlap on one queue,
 * so they can share slots.
 *
 * @module
 */
import type { Storage } from "../tensor/tensor.ts";

interface Shared<S> {
  readonly storage: S;
  users: number;
}

/** A pool of whole buffers with reference counts. */
export class BufferPool<S extends Storage> {
  readonly #allocate: (label: string, bytes: number) => S;
  #pool: Shared<S>[] = [];

  constructor(allocate: (label: string, bytes: number) => S) {
    this.#allocate = allocate;
  }

  /** Distinct buffers of at least the given sizes: the smallest that fit, or new ones. */
  take(label: string, slotBytes: readonly number[]): S[] {
    const taken: (Shared<S> | undefined)[] = slotBytes.map(() => undefined);
    const free = [...this.#pool].sort((a, b) => a.storage.length - b.storage.length);
    const bySize = slotBytes.map((bytes, slot) => ({ bytes, slot })).sort((a, b) =>
      b.bytes - a.bytes
    );
    for (const { bytes, slot } of bySize) {
      const found = free.findIndex(({ storage }) => storage.length * 4 >= bytes);
      const shared = found >= 0
        ? free.splice(found, 1)[0]!
        : this.#add(`${label} slot ${slot}`, bytes);
      shared.users++;
      taken[slot] = shared;
    }
    return taken.map((shared) => shared!.storage);
  }

  /** Returns buffers; unused ones are freed. */
  release(storages: readonly S[]): void {
    for (const shared of this.#pool) {
      if (storages.includes(shared.storage) && --shared.users === 0) {
        shared.storage[Symbol.dispose]();
      }
    }
    this.#pool = this.#pool.filter(({ users }) => users > 0);
  }

  #add(label: string, bytes: number): Shared<S> {
    const shared: Shared<S> = { storage: this.#allocate(label, bytes), users: 0 };
    this.#pool.push(shared);
    return shared;
  }
}
