/**
 * Target id of positions excluded from the loss (`ignore_index`).
 *
 * @module
 */

/** Target or id of a position that takes no part: no loss, no gradient, a zero embedding. */
export const IGNORED = 0xffffffff;
