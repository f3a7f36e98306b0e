/**
 * The cases of every op, one line each.
 *
 * @module
 */
export * from "./add/cases.ts";
export * from "./add_positions/cases.ts";
export * from "./append_rows/cases.ts";
export * from "./attention/cases.ts";
export * from "./attention_distances/cases.ts";
export * from "./cast/cases.ts";
export * from "./combine_rows/cases.ts";
export * from "./concat/cases.ts";
export * from "./copy_rows/cases.ts";
export * from "./cross_entropy/cases.ts";
export * from "./dropout/cases.ts";
export * from "./embedding/cases.ts";
export * from "./feed_forward/cases.ts";
export * from "./gather/cases.ts";
export * from "./gelu/cases.ts";
export * from "./layer_norm/cases.ts";
export * from "./log_softmax/cases.ts";
export * from "./matmul/cases.ts";
export * from "./position_rows/cases.ts";
export * from "./relu/cases.ts";
export * from "./residual_norm/cases.ts";
export * from "./sampled_softmax/cases.ts";
export * from "./scale/cases.ts";
export * from "./scatter/cases.ts";
export * from "./slice/cases.ts";
export * from "./store_scalar/cases.ts";
export * from "./sum/cases.ts";
export * from "./sum_rows/cases.ts";
export * from "./target_scores/cases.ts";
