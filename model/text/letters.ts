/**
 * Preparation of typed text for models of text8: the letters a to z and single spaces.
 *
 * @module
 */

const DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/**
 * The text as text8 was made from its source: lower case, digits spelled, and every run of other
 * characters one space.
 *
 * @example
 * ```ts
 * import { lettersOnly } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(lettersOnly("In 1969, Apollo-11!"), "in one nine six nine apollo one one");
 * ```
 */
export function lettersOnly(text: string): string {
  return text.toLowerCase().replace(/[0-9]/g, (digit) => ` ${DIGITS[Number(digit)]} `)
    .replace(/[^a-z]+/g, " ").trim();
}
