/**
 * Numbers that JSON lacks.
 *
 * @module
 */

/**
 * Replacer for `JSON.stringify`: JSON has no NaN or infinities; their names keep a diverged run
 * visible where null would not. `Number(name)` gives the value back.
 */
export function namedNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
