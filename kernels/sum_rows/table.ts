/**
 * The layout of the table of column sums.
 *
 * @module
 */

/** Numbers of an entry. */
export const TABLE_FIELDS = 5;

/** Columns of an entry. */
export const TABLE_COLUMNS = 32;
