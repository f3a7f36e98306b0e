/**
 * White space as in Python's `str.split()`, so that vocabularies agree with the reference.
 * JavaScript's `\s` lacks U+001C-001F and U+0085 and contains U+FEFF; here U+FEFF, U+200B and
 * U+180E belong to words.
 *
 * @module
 */

/** The white space of Python as the inside of a regular-expression class (flags `u` or `v`). */
export const WHITESPACE_CLASS = String
  .raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const RUN = new RegExp(`[${WHITESPACE_CLASS}]+`, "u");

/** True when `codePoint` separates words. */
export function isWhitespace(codePoint: number): boolean {
  if (codePoint < 0x80) {
    return codePoint <= 0x20 && (codePoint >= 0x1c || isControlSpace(codePoint));
  }
  return codePoint === 0x85 || codePoint === 0xa0 || codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) || codePoint === 0x2028 ||
    codePoint === 0x2029 || codePoint === 0x202f || codePoint === 0x205f || codePoint === 0x3000;
}

function isControlSpace(codePoint: number): boolean {
  return codePoint >= 0x09 && codePoint <= 0x0d;
}

/** The words of `text`: the pieces between runs of white space, none of them empty. */
export function splitWords(text: string): string[] {
  return text.split(RUN).filter((word) => word !== "");
}

/**
 * The lines of `text`. Only LF, CR and CRLF end a line; U+0085, U+2028 and U+2029 do not. Text after
 * the last line end is a line of its own when there is any.
 */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
