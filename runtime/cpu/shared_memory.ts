/**
 * Memory that threads share, and its allocation.
 *
 * @module
 */
import { MAX_PAGES, PAGE_BYTES } from "../wasm/function_builder.ts";

/** Ranges start at cache lines. */
const ALIGNMENT = 64;

/** Bytes that stay free behind all ranges: vectors of a row's end may reach beyond it. */
const MARGIN = 4096;

const LIMIT = MAX_PAGES * PAGE_BYTES - MARGIN;

/** A range of bytes. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** One growing memory, whose freed ranges are used again. */
export class SharedMemory {
  /** For instances. */
  readonly memory: WebAssembly.Memory;
  /** Free ranges below the top in ascending order; no two of them touch. */
  #free: Range[] = [];
  #top = ALIGNMENT; // no range begins at 0

  /** An empty memory. */
  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  }

  /** All bytes there are now. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer as unknown as SharedArrayBuffer;
  }

  /** Address of zeroed bytes; undefined when 4 GiB, or the system's memory, are exhausted. */
  allocate(bytes: number): number | undefined {
    const size = roundUp(bytes);
    const n = this.#free.findIndex(({ from, to }) => to - from >= size);
    if (n >= 0) {
      const { from, to } = this.#free[n]!;
      this.#free.splice(n, 1, ...(to - from > size ? [{ from: from + size, to }] : []));
      new Uint8Array(this.buffer, from, bytes).fill(0);
      return from;
    }
    const [from, to] = [this.#top, this.#top + size];
    if (to > LIMIT) return undefined;
    const missing = to + MARGIN - this.buffer.byteLength;
    if (missing > 0 && !this.#grow(Math.ceil(missing / PAGE_BYTES))) return undefined;
    this.#top = to;
    return from;
  }

  /** Adds pages; false when the system has none. */
  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  /** Gives back what {@link allocate} returned for so many bytes. */
  free(from: number, bytes: number): void {
    let freed: Range = { from, to: from + roundUp(bytes) };
    const others: Range[] = [];
    for (const range of this.#free) {
      if (range.to === freed.from) freed = { from: range.from, to: freed.to };
      else if (range.from === freed.to) freed = { from: freed.from, to: range.to };
      else others.push(range);
    }
    this.#free = [...others, freed].sort((a, b) => a.from - b.from);
  }
}

function roundUp(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
}
