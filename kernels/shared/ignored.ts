/**
 * Target id of positions excluded from the loss (`ignore_index`).
 *
 * @module
 */

/**
 * Target or id of an excluded position: no loss, no gradient, a zero embedding (`ignore_index`).
 */
export const IGNORED = 0xffffffff;
