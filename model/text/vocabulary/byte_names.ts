/**
 * Names of bytes in the symbols of GPT-2 and of byte-level tokenizers: one printable character each.
 *
 * @module
 */

/** By byte: printable Latin-1 names itself; the other bytes follow from U+0100 on. */
export const BYTE_NAMES: readonly string[] = (() => {
  const isPrintable = (byte: number) => byte > 0x20 && byte < 0x7f || byte > 0xa0 && byte !== 0xad;
  let others = 0;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++),
  );
})();

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_NAMES.map((name, byte) => [name, byte]));

/** The bytes that a symbol names; undefined if a character of it names none. */
export function bytesOfNames(symbol: string): Uint8Array | undefined {
  const bytes = Array.from(symbol, (name) => BYTES.get(name));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined;
}

/**
 * Bytes as text; those that are a part of a character by number.
 *
 * @example
 * ```ts
 * import { textOfBytes } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(textOfBytes(Uint8Array.of(0xc3, 0xa9)), "é");
 * assertEquals(textOfBytes(Uint8Array.of(0xc3)), String.raw`\xc3`);
 * ```
 */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(
      bytes,
      (byte) => byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
    ).join("");
  }
}
