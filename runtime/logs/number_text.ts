/**
 * Numbers in Python's `format` notation, which the reference's log lines use.
 *
 * @module
 */

/**
 * `{:width.digitsf}`: right-aligned; longer numbers exceed the width. NaN and infinities are `nan`,
 * `inf` and `-inf`.
 *
 * @example
 * ```ts
 * import { fixed } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fixed(3.14159, 6, 2), "  3.14");
 * assertEquals(fixed(NaN, 5, 2), "  nan");
 * ```
 */
export function fixed(value: number, width: number, digits: number): string {
  const text = Number.isFinite(value) ? value.toFixed(digits) : nonFinite(value);
  return text.padStart(width);
}

/**
 * `{:.digitse}`: an exponent of at least two digits.
 *
 * @example
 * ```ts
 * import { scientific } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(scientific(0.001234, 3), "1.234e-03");
 * ```
 */
export function scientific(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  return value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
