/**
 * A strict UTF-8 decoder of one character at a time. `TextDecoder` does not report where a file is
 * invalid, and a string of a whole file may exceed JavaScript's limit.
 *
 * @module
 */

/** The byte, and the code point, that ends a line. */
export const LINE_FEED = 0x0a;

/** Result of {@link readCodePoint} if the bytes end inside a character. */
export const INCOMPLETE = -1;

/** Result of {@link readCodePoint} for invalid UTF-8. */
export const INVALID = -2;

/**
 * The code point that starts at `bytes[at]`, {@link INCOMPLETE} when `end` cuts it off, or
 * {@link INVALID} for a stray or overlong byte, a surrogate, or a value above U+10FFFF.
 */
export function readCodePoint(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xf4) return INVALID;
  if (at + 1 >= end) return INCOMPLETE;
  const second = bytes[at + 1]!;
  if (lead < 0xe0) return second >> 6 === 2 ? (lead & 0x1f) << 6 | second & 0x3f : INVALID;
  // The second byte alone rules out overlong forms, surrogates and values above U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return INVALID;
  if (at + 2 >= end) return INCOMPLETE;
  const third = bytes[at + 2]!;
  if (third >> 6 !== 2) return INVALID;
  if (lead < 0xf0) return (lead & 0x0f) << 12 | (second & 0x3f) << 6 | third & 0x3f;
  if (at + 3 >= end) return INCOMPLETE;
  const fourth = bytes[at + 3]!;
  if (fourth >> 6 !== 2) return INVALID;
  return (lead & 0x07) << 18 | (second & 0x3f) << 12 | (third & 0x3f) << 6 | fourth & 0x3f;
}

/** Length of `codePoint` in UTF-8 bytes. */
export function utf8Width(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}
