/**
 * The mark of positions that do not count.
 *
 * @module
 */

/** Target or id of a position that takes no part: no loss, no gradient, a zero embedding. */
export const IGNORED = 0xffffffff;
