/**
 * A 32-bit hash of names, equal on every machine.
 *
 * @module
 */

/**
 * FNV-1a of the UTF-8 bytes of a name: the stream number of a parameter.
 *
 * @returns An unsigned 32-bit integer
 *
 * @example
 * ```ts
 * import { hashName } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hashName("foobar"), 0xbf9cf968);
 * ```
 */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
