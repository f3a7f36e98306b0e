/**
 * The harness of the benchmarks: rows of `deno bench` with rates, comparisons in turns, results.
 *
 * @module
 */
export * from "./allreduce.ts";
export { compareRows } from "./compare.ts";
export * from "./environment.ts";
export * from "./harness.ts";
export * from "./results.ts";
export * from "./scaling/word_shares.ts";
export * from "./slowest_ops.ts";
export * from "./timing.ts";
