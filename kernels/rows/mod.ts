/**
 * Moving rows of matrices.
 *
 * @module
 */
export * from "./copy_rows.ts";
export * from "./indexed_rows.ts";
