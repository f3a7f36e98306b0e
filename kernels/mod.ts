/**
 * The ops: one folder each, with WGSL, loops, definition and cases.
 *
 * @module
 */
export * from "./add/mod.ts";
export * from "./add_positions/mod.ts";
export * from "./append_rows/mod.ts";
export * from "./attention/mod.ts";
export * from "./attention_distances/mod.ts";
export * from "./cast/mod.ts";
export * from "./combine_rows/mod.ts";
export * from "./concat/mod.ts";
export * from "./copy_rows/mod.ts";
export * from "./cross_entropy/mod.ts";
export * from "./dropout/mod.ts";
export * from "./embedding/mod.ts";
export * from "./feed_forward/mod.ts";
export * from "./finite/mod.ts";
export * from "./gather/mod.ts";
export * from "./gelu/mod.ts";
export * from "./layer_norm/mod.ts";
export * from "./log_softmax/mod.ts";
export * from "./matmul/mod.ts";
export * from "./optimizer/mod.ts";
export * from "./position_rows/mod.ts";
export * from "./relu/mod.ts";
export * from "./residual_norm/mod.ts";
export * from "./sampled_softmax/mod.ts";
export * from "./scale/mod.ts";
export * from "./scatter/mod.ts";
export * from "./slice/mod.ts";
export * from "./store_scalar/mod.ts";
export * from "./sum/mod.ts";
export * from "./sum_rows/mod.ts";
export * from "./target_scores/mod.ts";
