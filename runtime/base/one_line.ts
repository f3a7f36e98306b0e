/**
 * Untrusted values and text for messages: on one line, shortened, and without characters that move
 * the cursor, reverse text or cannot be seen.
 *
 * @module
 */

/** Control and formatting characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text on one line: unprintable characters become `\u....`, and text above `limit` is shortened in
 * the middle.
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
  return cut(cut(text, limit).replaceAll(UNPRINTABLE, escape), limit);
}

/**
 * A value as JSON on one line: text in quotes, of at most `limit` characters between them. Numbers
 * that JSON lacks are `NaN` and `Infinity`.
 *
 * @example
 * ```ts
 * import { quoted } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quoted("a\nb"), String.raw`"a\nb"`);
 * assertEquals(quoted([1, 2]), "[1,2]");
 * assertEquals(quoted("x".repeat(1000)).length, 122);
 * ```
 */
export function quoted(value: unknown, limit = 120): string {
  if (typeof value === "string") return `"${oneLine(JSON.stringify(value).slice(1, -1), limit)}"`;
  if (typeof value === "number") return String(value);
  try {
    return oneLine(JSON.stringify(value) ?? String(value), limit);
  } catch { // nested more deeply than the stack
    return Array.isArray(value) ? "a deeply nested list" : "a deeply nested object";
  }
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text.toWellFormed();
  const tail = Math.floor((limit - 1) / 3);
  return `${text.slice(0, limit - 1 - tail)}…${text.slice(text.length - tail)}`.toWellFormed();
}

function escape(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
}
