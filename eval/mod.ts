/**
 * Evaluation: losses of a checkpoint on text.
 *
 * @module
 */
export * from "./evaluator.ts";
export * from "./metrics.ts";
