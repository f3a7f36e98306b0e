/**
 * Untrusted text for messages: shortened and without control characters.
 *
 * @module
 */

/** Control characters, line separators and direction marks, which must not reach a terminal. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\p{Bidi_Control}]/gu;

/**
 * Text on one line: control characters become `\u00..`, and text above `limit` is shortened in the
 * middle.
 *
 * @param limit Length of the longest result, in UTF-16 code units
 *
 * @example
 * ```ts
 * import { oneLine } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(oneLine("a\nb", 80), "a\\u000ab");
 * assertEquals(oneLine("x".repeat(100), 9), "xxxxxx…xx");
 * ```
 */
export function oneLine(text: string, limit: number): string {
  const cutText = cut(text, limit);
  const escaped = cutText.replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return cut(escaped, limit).toWellFormed();
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const tail = Math.floor((limit - 1) / 3);
  return `${text.slice(0, limit - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** A name or path in quotes, on one line of at most `limit` characters and the quotes. */
export function quoted(text: string, limit = 120): string {
  return `"${oneLine(text, limit).replaceAll('"', '\\"')}"`;
}
