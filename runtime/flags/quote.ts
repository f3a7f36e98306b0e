/**
 * Values and foreign messages quoted in error messages: one line, limited in length, without
 * characters that move the cursor or reverse text.
 *
 * @module
 */

const MAX_QUOTED = 120;
const MAX_LINE = 240;

/** Control, formatting and surrogate characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A value as JSON, cut after 120 characters.
 *
 * @example
 * ```ts
 * import { quote } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quote("a\nb"), `"a\\nb"`);
 * assertEquals(quote("x".repeat(1000)).length, 121);
 * ```
 */
export function quote(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch { // nested more deeply than the stack
    text = Array.isArray(value) ? "a deeply nested list" : "a deeply nested object";
  }
  return shorten(text, MAX_QUOTED).replaceAll(UNPRINTABLE, escape);
}

/** A message of another program or library as one line of at most 240 characters. */
export function oneLine(text: string): string {
  return shorten(text.slice(0, 10 * MAX_LINE).replaceAll(/\s+/g, " ").trim(), MAX_LINE)
    .replaceAll(UNPRINTABLE, escape);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function escape(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\u{${code}}`;
}
