/**
 * Numbers that JSON lacks.
 *
 * @module
 */

/**
 * Replacer for `JSON.stringify`: JSON has no NaN and infinities; as names they stay visible, unlike
 * null. `Number(name)` gives the value back.
 */
export function namedNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
