/**
 * Memory of the machine, where the host reports it.
 *
 * @module
 */

interface Host {
  readonly Deno?: { systemMemoryInfo(): { readonly available: number } };
}

/** Bytes that may be allocated before the machine swaps; Infinity in a browser, which does not tell. */
export function availableMemory(): number {
  return (globalThis as Host).Deno?.systemMemoryInfo().available ?? Infinity;
}
