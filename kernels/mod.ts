/**
 * The ops: one folder each, with WGSL, reference loops, definition and cases.
 *
 * @module
 */
export * from "./dropout/mod.ts";
export * from "./elementwise/cast.ts";
export * from "./elementwise/relu_backward.ts";
export * from "./elementwise/scale.ts";
export * from "./embedding/mod.ts";
export * from "./finite/mod.ts";
export * from "./layer_norm/mod.ts";
export * from "./matmul/mod.ts";
export * from "./matmul/plans.ts";
export * from "./matmul/tile.ts";
export * from "./optimizer/mod.ts";
export * from "./reduce/column_sum.ts";
export * from "./reduce/sum_all.ts";
export * from "./reduce/write_at.ts";
export * from "./relative_attention/mod.ts";
export * from "./rows/mod.ts";
export * from "./softmax_nll/mod.ts";
